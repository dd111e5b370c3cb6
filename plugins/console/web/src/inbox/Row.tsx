// One conversation in the list. Status is said in words; colour only helps.

import { memo } from 'react'
import { Link } from 'wouter'

import type { ConversationOut } from '../api.ts'
import { CustomerFace } from '../app/Face.tsx'
import { Icon } from '../app/icons.tsx'
import { age } from '../format.ts'
import { t } from '../i18n/index.ts'
import { useNow } from '../now.ts'
import { useHub, useMe } from '../store.ts'
import { agentName, lineName } from '../words.ts'
import style from './Row.module.css'

export const ROW_HEIGHT = 82

export const Row = memo(function Row({ row, selected }: { row: ConversationOut; selected: boolean }) {
  const now = useNow(30)
  const me = useMe()
  const line = useHub((hub) => lineName(hub, row.line))
  const responsible = useHub((hub) => (row.responsible && row.responsible !== me.id ? agentName(hub, row.responsible) : ''))
  const typing = useHub((hub) => hub.typing[row.number]?.some((one) => one.kind === 'customer') ?? false)
  const waits = row.status === 'awaiting_agent' || row.status === 'accepted'
  const name = row.customer_name || `#${row.number}`

  return (
    <Link
      href={`/conversations/${row.number}`}
      className={style.row}
      aria-current={selected ? 'true' : undefined}
      data-waits={waits}
      aria-label={t('list.row', { number: row.number, name, status: t(`status.${row.status}`) })}
    >
      <CustomerFace name={name} kind={row.channel_kind} />
      <span className={style.text}>
        <span className={style.top}>
          <span className={style.name}>{name}</span>
          {row.pinned && (
            <span className={style.pin} title={t('list.pinned')}>
              <Icon name="pin" size={14} />
            </span>
          )}
          <span className={style.age}>{age(row.last_at || row.created_at, now)}</span>
        </span>
        <span className={style.preview}>
          {typing ? <em className={style.typing}>{t('list.typing')}</em> : <Preview row={row} mine={row.responsible === me.id} />}
        </span>
        <span className={style.foot}>
          <span className={style.status} data-status={row.status}>
            {t(`status.${row.status}`)}
          </span>
          {row.unanswered && row.status !== 'closed' && <span className={style.late}>{t('list.unanswered')}</span>}
          {row.rating && (
            <span className={style.rating} data-rating={row.rating} title={t(`panel.${row.rating}`)}>
              <Icon name={row.rating === 'like' ? 'good' : 'bad'} size={14} />
            </span>
          )}
          <span className={style.line}>{responsible || line}</span>
        </span>
      </span>
    </Link>
  )
})

function Preview({ row, mine }: { row: ConversationOut; mine: boolean }) {
  if (!row.preview) return t('list.no_text')
  const who = { customer: '', agent: t(mine ? 'list.you' : 'list.team'), bot: t('list.bot'), auto: t('list.auto'), '': '' }
  const by = who[row.preview_by]
  return (
    <>
      {by && <span className={style.by}>{by}: </span>}
      {row.preview}
    </>
  )
}
