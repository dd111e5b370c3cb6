import { ActionIcon, Progress } from '@mantine/core'

import { Icon } from '../app/icons.tsx'
import { size } from '../format.ts'
import { t } from '../i18n/index.ts'
import type { Attachment } from '../store.ts'
import style from './Composer.module.css'
import { detach } from './drafts.ts'

export function Attachments({ thread, list }: { thread: string; list: Attachment[] }) {
  if (!list.length) return null
  return (
    <ul className={style.attachments}>
      {list.map((one) => (
        <li key={one.key} className={style.attachment}>
          <Icon name="file" size={18} />
          <span className={style.fileName}>{one.name}</span>
          {one.id ? (
            <small>{size(one.size)}</small>
          ) : (
            <Progress
              className={style.progress!}
              size="sm"
              value={one.progress * 100}
              aria-label={t('write.uploading', { name: one.name, percent: Math.round(one.progress * 100) })}
            />
          )}
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            className={style.tool}
            aria-label={t('write.remove', { name: one.name })}
            onClick={() => detach(thread, one.key)}
          >
            <Icon name="close" size={15} />
          </ActionIcon>
        </li>
      ))}
    </ul>
  )
}
