// Who is writing now; where the channel tells it, also what the customer has not sent yet.

import { t } from '../i18n/index.ts'
import type { Typist } from '../state.ts'
import { useHub, useMe } from '../store.ts'
import style from './Typing.module.css'

const NOBODY: Typist[] = []

export function TypingLine({ number }: { number: number }) {
  const me = useMe()
  const typists = useHub((hub) => hub.typing[number] ?? NOBODY)
  const customer = useHub((hub) => hub.conversations[number]?.customer_name ?? '')
  const writing = typists.find((one) => one.kind === 'customer')
  const colleague = typists.find((one) => one.kind === 'agent' && one.id !== me.id)
  const name = writing?.name || customer || t('thread.customer')
  return (
    <div className={style.holder}>
      {writing && (
        <div className={style.draft}>
          <p className={style.head}>
            <span className={style.dots} aria-hidden="true">
              <i />
              <i />
              <i />
            </span>
            {t(writing.text ? 'thread.draft' : 'thread.typing', { name })}
          </p>
          {writing.text && <p className={style.text}>{writing.text}</p>}
        </div>
      )}
      {/* Said once, not with every letter. */}
      <p role="status" className="unseen">
        {writing ? t('thread.typing', { name }) : ''}
      </p>
      {colleague && <p className={style.colleague}>{t('write.colleague', { name: colleague.name })}</p>}
    </div>
  )
}
