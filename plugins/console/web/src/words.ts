// The hub's facts in the agent's language: refusals, decisions, people.

import type { DecisionEntry, Problem } from './api.ts'
import { Refused } from './http.ts'
import { en } from './i18n/en.ts'
import { t, type Key } from './i18n/index.ts'
import type { Hub } from './state.ts'

type Names = Pick<Hub, 'agents' | 'lines'>

export function refusal(error: unknown): string {
  if (!(error instanceof Refused)) return t('no.unreachable')
  const { code, detail, title, field }: Problem = error.problem
  const said = [field, detail || title].filter(Boolean).join(': ')
  return t(known(`no.${code}`, 'no.unknown'), { detail: said })
}

export function agentName(names: Names, id: string): string {
  return names.agents[id]?.name || id
}

export function lineName(names: Names, id: string): string {
  return names.lines[id]?.name || id
}

/** Who did it: an agent, the bot, the customer, or the line by itself. */
export function doer(names: Names, by: string): string {
  if (!by) return t('by.line')
  if (by === 'customer') return t('by.customer')
  return by.startsWith('bot:') ? t('by.bot') : agentName(names, by)
}

export function decision(names: Names, { body }: DecisionEntry): string {
  const { what, by = '', agents = [], line = '', text = '', fields = {} } = body
  const people = agents.map((id) => agentName(names, id)).join(', ')
  const said = t(known(`did.${what}`, 'did.other'), {
    what,
    by: doer(names, by),
    agents: people || t('thread.nobody'),
    target: line ? lineName(names, line) : people,
    text: value(what, text, fields),
  })
  if (what === 'closed' && text) return `${said} · ${t(known(`closed_by.${text}`, 'did.other'), { what: text })}`
  if (what === 'finished' && text) return `${said} · ${t(text === 'solved' ? 'panel.solved' : 'panel.unsolved')}`
  return COMMENTED.has(what) && text ? `${said} · ${text}` : said
}

const COMMENTED = new Set(['rated', 'supervisor_rated', 'returned'])

function value(what: string, text: string, fields: Record<string, string>): string {
  if (what === 'rated') return t(known(`panel.${fields['rating']}`, 'panel.rating'))
  if (what === 'supervisor_rated') return `${fields['score'] ?? '?'} / 5`
  if (what === 'tracked') return Object.values(fields).join(', ') || '–' // erased where consent was refused
  return text || fields['record'] || '–'
}

/** A key made of the hub's own word, if there is a text for it: a newer hub may say what this console has not heard of. */
export function known(key: string, otherwise: Key): Key {
  return key in en ? (key as Key) : otherwise
}
