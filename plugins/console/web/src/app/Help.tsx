import { Kbd, Modal } from '@mantine/core'

import { t } from '../i18n/index.ts'
import { set, useScreen } from '../store.ts'
import { SHORTCUTS } from './shortcuts.ts'
import style from './Help.module.css'

export function Help() {
  const open = useScreen((screen) => screen.dialog === 'help')
  const rows = [
    ...SHORTCUTS.map(({ shown, says }) => [shown, t(says)] as const),
    ['Ctrl + Shift + Enter', t('keys.send_finish')] as const,
  ]
  return (
    <Modal
      opened={open}
      onClose={() => set({ dialog: '' })}
      title={t('keys.title')}
      size="lg"
      closeButtonProps={{ 'aria-label': t('app.close') }}
    >
      <dl className={style.keys}>
        {rows.map(([keys, says]) => (
          <div key={keys}>
            <dt>
              <Kbd>{keys}</Kbd>
            </dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
      <p className={style.hint}>{t('keys.hint')}</p>
    </Modal>
  )
}
