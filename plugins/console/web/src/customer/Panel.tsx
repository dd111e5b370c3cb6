// Beside the thread: who the customer is, what the CRM knows, and the facts of this conversation.

import { useNow } from '../now.ts'
import type { ReactNode } from 'react'

import { AgentFace, CustomerFace } from '../app/Face.tsx'
import { Icon } from '../app/icons.tsx'
import { age, clock, day, lasting, moment } from '../format.ts'
import { t } from '../i18n/index.ts'
import { useHub, useScreen } from '../store.ts'
import { agentName, doer, known, lineName } from '../words.ts'
import style from './Panel.module.css'
import { Records } from './Records.tsx'

/** `bare`: inside a drawer, which has a title of its own. */
export function Panel({ number, bare = false }: { number: number; bare?: boolean }) {
  const row = useHub((hub) => hub.conversations[number])
  const detail = useHub((hub) => hub.details[number])
  if (!row || !detail) return null
  const { customer } = detail
  const form = Object.entries(customer.form).filter(([field]) => !PROFILE.has(field))
  const name = customer.name || row.customer_name || t('thread.customer')
  return (
    <aside className={style.panel} data-bare={bare} aria-label={t('panel.title')} tabIndex={0}>
      <div className={style.who}>
        <CustomerFace name={name} kind={row.channel_kind} size={64} />
        <h2>{name}</h2>
        <p>{t('panel.conversations', { n: customer.conversations })}</p>
      </div>
      <Facts
        facts={[
          [t('panel.phone'), customer.phone && <a href={`tel:${customer.phone}`}>{customer.phone}</a>],
          [t('panel.email'), customer.email && <a href={`mailto:${customer.email}`}>{customer.email}</a>],
          [t('panel.language'), customer.language],
        ]}
      />
      {form.length > 0 && (
        <Section title={t('panel.form')}>
          <Facts facts={form} />
        </Section>
      )}
      <Section title={t('panel.records')}>
        <Records key={number} number={number} />
      </Section>
      <Section title={t('panel.conversation')}>
        <ConversationFacts number={number} />
      </Section>
      <Section title={t('panel.people')}>
        <People number={number} />
      </Section>
      {row.reason && row.status === 'waiting' && (
        <Section title={t('panel.reason')}>
          <p className={style.reason}>{row.reason.words}</p>
          {Object.keys(row.reason.skipped).length > 0 && (
            <p className={style.reason}>
              {t('panel.skipped', {
                causes: Object.entries(row.reason.skipped)
                  .map(([cause, count]) => `${cause} ${count}`)
                  .join(', '),
              })}
            </p>
          )}
        </Section>
      )}
    </aside>
  )
}

/** What a form asked for and the profile shows already. */
const PROFILE = new Set(['name', 'phone', 'email'])

function ConversationFacts({ number }: { number: number }) {
  const row = useHub((hub) => hub.conversations[number]!)
  const line = useHub((hub) => lineName(hub, row.line))
  const closing = row.closed_by ? t(known(`closed_by.${row.closed_by}`, 'did.other'), { what: row.closed_by }) : ''
  return (
    <Facts
      facts={[
        [t('panel.status'), t(`status.${row.status}`)],
        [t('panel.channel'), `${row.channel} (${row.channel_kind})`],
        [t('panel.line'), line],
        [t('panel.began'), <Moment key="began" at={row.created_at} />],
        [t('panel.accepted'), row.accepted_at > 0 && <Moment key="accepted" at={row.accepted_at} />],
        [t('panel.finished'), row.finished_at > 0 && <Moment key="finished" at={row.finished_at} />],
        [t('panel.closed'), row.closed_at > 0 && `${moment(row.closed_at)} ${closing}`],
        [t('panel.first_response'), row.first_response > 0 && lasting(row.first_response)],
        [t('panel.average_response'), row.average_response > 0 && lasting(row.average_response)],
        [t('panel.longest_response'), row.longest_response > 0 && lasting(row.longest_response)],
        [
          t('panel.norm'),
          row.late && (
            <span key="late" className={style.late}>
              <Icon name="clock" size={16} /> {t('panel.late')}
            </span>
          ),
        ],
        [
          t('panel.rating'),
          row.rating && (
            <span key="rating" className={style.rating} data-rating={row.rating}>
              <Icon name={row.rating === 'like' ? 'good' : 'bad'} size={16} /> {t(`panel.${row.rating}`)}
            </span>
          ),
        ],
        [t('panel.supervisor'), row.supervisor_rating > 0 && `${row.supervisor_rating} / 5`],
        [t('panel.result'), row.finished_at > 0 && t(row.solved ? 'panel.solved' : 'panel.unsolved')],
      ]}
    />
  )
}

function Moment({ at }: { at: number }) {
  const now = useNow(60)
  return (
    <time dateTime={new Date(at * 1000).toISOString()} title={moment(at)}>
      {day(at, now) === t('thread.today') ? `${clock(at)} · ${age(at, now)}` : moment(at)}
    </time>
  )
}

function People({ number }: { number: number }) {
  const row = useHub((hub) => hub.conversations[number]!)
  const agents = useScreen((screen) => screen.hub.agents)
  const names = { agents, lines: {} }
  const ids = [...new Set([row.responsible, ...row.participants, ...row.offered].filter(Boolean))]
  if (!ids.length) return <p className={style.none}>{t('thread.nobody')}</p>
  return (
    <ul className={style.people}>
      {ids.map((id) => {
        const agent = agents[id]
        const bot = id.startsWith('bot:')
        return (
          <li key={id}>
            {agent && <AgentFace agent={agent} size={28} />}
            {!agent && <Icon name={bot ? 'bot' : 'person'} />}
            <span>{bot ? doer(names, id) : agentName(names, id)}</span>
            {id === row.responsible && <small>{t('panel.is_responsible')}</small>}
            {row.offered.includes(id) && <small>{t('panel.is_offered')}</small>}
          </li>
        )
      })}
    </ul>
  )
}

export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className={style.section}>
      <h3>{title}</h3>
      {children}
    </section>
  )
}

/** Facts that are there; what is empty is left out. */
export function Facts({ facts }: { facts: [string, ReactNode][] }) {
  const there = facts.filter(([, value]) => value)
  if (!there.length) return null
  return (
    <dl className={style.facts}>
      {there.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
