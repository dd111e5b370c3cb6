// Conversations put before this agent: why, for how long still, and the two answers, right in the list.

import { Button, RingProgress } from '@mantine/core'
import { useMemo, useState } from 'react'
import { Link, useLocation } from 'wouter'

import { act } from '../actions.ts'
import type { ConversationOut } from '../api.ts'
import { CustomerFace } from '../app/Face.tsx'
import { age, countdown } from '../format.ts'
import { t } from '../i18n/index.ts'
import { useNow } from '../now.ts'
import { offers } from '../state.ts'
import { useHub, useMe, useScreen } from '../store.ts'
import { lineName } from '../words.ts'
import style from './Offers.module.css'

export function Offers({ selected }: { selected: number }) {
  const me = useMe()
  const hub = useScreen((screen) => screen.hub)
  const rows = useMemo(() => offers(hub, me), [hub.conversations, me])
  return (
    <div className={rows.length ? style.offers : undefined}>
      <h2 className={rows.length ? style.title : 'unseen'} role="status">
        {rows.length > 0 && t('offer.title', { n: rows.length })}
      </h2>
      {rows.length > 0 && (
        <ul className={style.cards}>
          {rows.map((row) => (
            <li key={row.number}>
              <Offer row={row} selected={row.number === selected} />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function Offer({ row, selected }: { row: ConversationOut; selected: boolean }) {
  const [busy, setBusy] = useState<'' | 'accept' | 'decline'>('')
  const [, go] = useLocation()
  const line = useHub((hub) => lineName(hub, row.line))
  const name = row.customer_name || `#${row.number}`

  async function answer(verb: 'accept' | 'decline') {
    setBusy(verb)
    const became = await act(row.number, verb)
    setBusy('')
    if (verb === 'accept' && became === 'done') go(`/conversations/${row.number}`)
  }

  return (
    <article className={style.card} data-selected={selected} aria-label={t('alert.offer', { name })}>
      <Link href={`/conversations/${row.number}`} className={style.who}>
        <CustomerFace name={name} kind={row.channel_kind} size={36} />
        <span className={style.text}>
          <span className={style.name}>{name}</span>
          <span className={style.preview}>{row.preview || line}</span>
        </span>
        <Left key={row.idle_at} row={row} />
      </Link>
      {row.reason?.words && <p className={style.reason}>{t('offer.reason', { words: row.reason.words })}</p>}
      <div className={style.answers}>
        <Button size="xs" loading={busy === 'accept'} disabled={busy === 'decline'} onClick={() => void answer('accept')}>
          {t('offer.accept')}
        </Button>
        <Button
          size="xs"
          variant="default"
          loading={busy === 'decline'}
          disabled={busy === 'accept'}
          onClick={() => void answer('decline')}
        >
          {t('offer.decline')}
        </Button>
        <span className={style.line}>{line}</span>
      </div>
    </article>
  )
}

/** How long the offer stands; how long the customer waits where it stands for good. */
function Left({ row }: { row: ConversationOut }) {
  const now = useNow(1)
  const [whole] = useState(() => Math.max(1, row.idle_at - now))
  if (!row.idle_at) return <span className={style.waits}>{t('offer.waits', { time: age(row.queued_at, now) })}</span>
  const left = Math.max(0, row.idle_at - now)
  const words = countdown(left)
  return (
    <span className={style.left} data-short={left <= 15}>
      <RingProgress
        aria-hidden="true"
        size={22}
        thickness={3}
        roundCaps
        sections={[{ value: Math.min(100, (left / whole) * 100), color: left <= 15 ? 'red.7' : 'indigo.6' }]}
      />
      <span className="unseen">{t('offer.goes_on', { time: '' })}</span>
      <time>{words}</time>
    </span>
  )
}
