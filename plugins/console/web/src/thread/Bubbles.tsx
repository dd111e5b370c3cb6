// One message, one note, one message on its way: who wrote it, what it says, how far it has come.

import { Button, Tooltip } from '@mantine/core'
import { memo, type ReactNode } from 'react'

import { act } from '../actions.ts'
import { Face } from '../app/Face.tsx'
import { Icon, type IconName } from '../app/icons.tsx'
import { clock, moment } from '../format.ts'
import { t } from '../i18n/index.ts'
import { discard, retry } from '../outbox.ts'
import type { Sending } from '../state.ts'
import { useHub, useMe } from '../store.ts'
import type { Bubble, DeliveryState, Memo } from '../story.ts'
import { agentName } from '../words.ts'
import { ContentView } from './ContentView.tsx'
import style from './Bubbles.module.css'

export const MessageBubble = memo(function MessageBubble({ bubble, number }: { bubble: Bubble; number: number }) {
  const customer = useHub((hub) => hub.conversations[number]?.customer_name ?? '')
  const writes = useHub((hub) => hub.details[number]?.actions.includes('reply') ?? false)
  const { author, content, follows, dropped, deleted, earlier, delivery, failure, automatic } = bubble
  const theirs = author.kind === 'customer'
  const name = author.name || (theirs ? customer || t('thread.customer') : t(author.kind === 'bot' ? 'thread.bot' : 'by.line'))
  return (
    <article className={style.row} data-side={theirs ? 'theirs' : 'ours'} data-follows={follows} aria-label={`${name}, ${clock(bubble.at)}`}>
      {theirs && <span className={style.face}>{!follows && <Face name={name} size={30} />}</span>}
      <div className={style.column}>
        {!follows && (
          <p className={style.author}>
            {author.kind === 'bot' && <Icon name="bot" size={15} />}
            {name}
            {automatic && <span className={style.tag}>{t('thread.automatic')}</span>}
            {bubble.kind === 'rating_request' && <span className={style.tag}>{t('thread.rating_request')}</span>}
            {bubble.held && <span className={style.tag}>{t('thread.held')}</span>}
            {bubble.kind === 'form' && <span className={style.tag}>{t('thread.form')}</span>}
          </p>
        )}
        <div className={style.bubble} data-by={author.kind} data-dropped={dropped} data-deleted={deleted} data-failed={delivery === 'failed'}>
          {deleted && (
            <p className={style.trace}>
              <Icon name="spam" size={15} /> {t('thread.deleted')}
            </p>
          )}
          <ContentView content={content} />
          {earlier.map((before, at) => (
            <p key={at} className={style.earlier}>
              {t('thread.earlier_text', { text: before.text ?? '' })}
            </p>
          ))}
          <p className={style.meta}>
            {earlier.length > 0 && <span>{t('thread.edited')}</span>}
            <time dateTime={new Date(bubble.at * 1000).toISOString()} title={moment(bubble.at)}>
              {clock(bubble.at)}
            </time>
            {!theirs && !dropped && <Progress delivery={delivery} />}
          </p>
        </div>
        {dropped && <p className={style.dropped}>{t('thread.dropped')}</p>}
        {delivery === 'failed' && (
          <Trouble says={`${t('delivery.failed')}${failure ? `: ${failure}` : ''}`}>
            {writes && (
              <Button size="compact-xs" variant="default" onClick={() => void act(number, 'resend', { message: bubble.id })}>
                {t('delivery.resend')}
              </Button>
            )}
          </Trouble>
        )}
      </div>
    </article>
  )
})

export const NoteBubble = memo(function NoteBubble({ memo: note }: { memo: Memo }) {
  const name = useHub((hub) => agentName(hub, note.by))
  const mentioned = useHub((hub) => note.mentions.map((id) => agentName(hub, id)).join('\n'))
  return (
    <article className={style.row} data-side="ours" aria-label={`${t('thread.only_staff')}: ${name}, ${clock(note.at)}`}>
      <div className={style.column}>
        <div className={style.bubble} data-by="note">
          <p className={style.noteHead}>
            <Icon name="note" size={15} />
            <strong>{name}</strong>
            <span className={style.onlyStaff}>{t('thread.only_staff')}</span>
          </p>
          <ContentView content={note.content} mentions={mentioned ? mentioned.split('\n') : []} />
          <p className={style.meta}>
            <time dateTime={new Date(note.at * 1000).toISOString()} title={moment(note.at)}>
              {clock(note.at)}
            </time>
          </p>
        </div>
      </div>
    </article>
  )
})

export function SendingBubble({ one }: { one: Sending }) {
  const me = useMe()
  const content = { text: one.text, files: one.files }
  const note = one.mode === 'note'
  return (
    <article className={style.row} data-side="ours" aria-label={me.name}>
      <div className={style.column}>
        <div className={style.bubble} data-by={note ? 'note' : 'agent'} data-failed={one.state === 'failed'} data-pending={one.state !== 'failed'}>
          {note && (
            <p className={style.noteHead}>
              <Icon name="note" size={15} />
              <span className={style.onlyStaff}>{t('thread.only_staff')}</span>
            </p>
          )}
          <ContentView content={content} />
          <p className={style.meta}>
            <time>{clock(one.at)}</time>
            {one.state !== 'failed' && <Mark icon="clock" says={t(one.state === 'held' ? 'delivery.held' : 'delivery.queued')} />}
          </p>
        </div>
        {one.state === 'held' && <p className={style.dropped}>{t('delivery.held')}</p>}
        {one.state === 'failed' && (
          <Trouble says={`${t('delivery.failed')}: ${one.reason}`}>
            <Button size="compact-xs" variant="default" onClick={() => retry(one)}>
              {t('app.retry')}
            </Button>
            <Button size="compact-xs" variant="subtle" color="gray" className={style.quiet} onClick={() => discard(one)}>
              {t('delivery.discard')}
            </Button>
          </Trouble>
        )}
      </div>
    </article>
  )
}

function Trouble({ says, children }: { says: string; children?: ReactNode }) {
  return (
    <div className={style.trouble} role="alert">
      <Icon name="alert" size={16} />
      <span>{says}</span>
      {children}
    </div>
  )
}

const MARKS: Record<Exclude<DeliveryState, 'failed'>, IconName> = { '': 'clock', sent: 'check', delivered: 'checks', read: 'checks' }

function Progress({ delivery }: { delivery: DeliveryState }) {
  if (delivery === 'failed') return null
  return <Mark icon={MARKS[delivery]} says={t(`delivery.${delivery || 'queued'}`)} read={delivery === 'read'} />
}

function Mark({ icon, says, read = false }: { icon: IconName; says: string; read?: boolean }) {
  return (
    <Tooltip label={says}>
      <span className={style.mark} data-read={read}>
        <Icon name={icon} size={15} />
        <span className="unseen">{says}</span>
      </span>
    </Tooltip>
  )
}
