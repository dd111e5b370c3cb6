// Turns a thread's entries into what is drawn: bubbles, notes, folded decisions, separators. Pure.

import type { Author, Content, DecisionEntry, EntryOut } from './api.ts'

export type DeliveryState = '' | 'sent' | 'delivered' | 'read' | 'failed'

export interface Bubble {
  type: 'message'
  key: string
  id: number
  conversation: number
  at: number
  author: Author
  content: Content
  automatic: string
  kind: string
  dropped: boolean
  /** It came while the line was switched off: kept to be read, never answered by itself. */
  held: boolean
  delivery: DeliveryState
  /** Why it failed. */
  failure: string
  /** What it read before it was edited; empty = never edited. */
  earlier: Content[]
  deleted: boolean
  /** Continues the message above: same author, same minutes. */
  follows: boolean
}

export interface Memo {
  type: 'note'
  key: string
  id: number
  at: number
  by: string
  content: Content
  mentions: string[]
}

/** Decisions in a row, folded into one line. */
export interface Steps {
  type: 'steps'
  key: string
  at: number
  steps: DecisionEntry[]
}

export interface DayMark {
  type: 'day'
  key: string
  at: number
}

export interface ConversationMark {
  type: 'conversation'
  key: string
  at: number
  number: number
}

export type Item = Bubble | Memo | Steps | DayMark | ConversationMark

const TOGETHER = 5 * 60 // seconds within which messages of one author make one group
const RANK: Record<string, number> = { '': 0, sent: 1, delivered: 2, read: 3 }

export function told(entries: EntryOut[], zoneOffset: (at: number) => number = localOffset): Item[] {
  const items: Item[] = []
  const byId = new Map<number, Bubble>()
  const byExternal = new Map<string, Bubble>()
  let day = ''
  let conversation = 0

  const open = (entry: EntryOut) => {
    const today = dayOf(entry.at, zoneOffset)
    if (today !== day) items.push({ type: 'day', key: `day-${today}-${entry.id}`, at: entry.at })
    if (entry.conversation && entry.conversation !== conversation) {
      items.push({ type: 'conversation', key: `conversation-${entry.id}`, at: entry.at, number: entry.conversation })
    }
    day = today
    conversation = entry.conversation || conversation
  }

  for (const entry of entries) {
    switch (entry.kind) {
      case 'Message':
      case 'Held': {
        open(entry)
        const { id, author, content, external = '', automatic = '', kind = 'message', dropped = false } = entry.body
        const bubble: Bubble = {
          type: 'message',
          key: entry.id,
          id,
          conversation: entry.conversation,
          at: entry.at,
          author,
          content,
          automatic,
          kind,
          dropped,
          held: entry.kind === 'Held',
          delivery: '',
          failure: '',
          earlier: [],
          deleted: false,
          follows: continues(items.at(-1), author, entry.at, dropped, automatic, entry.kind === 'Held'),
        }
        byId.set(id, bubble)
        if (external) byExternal.set(external, bubble)
        items.push(bubble)
        break
      }
      case 'Noted': {
        open(entry)
        const { id, by, content, mentions = [] } = entry.body
        items.push({ type: 'note', key: entry.id, id, at: entry.at, by, content, mentions })
        break
      }
      case 'Decision': {
        open(entry)
        const last = items.at(-1)
        if (last?.type === 'steps') last.steps.push(entry)
        else items.push({ type: 'steps', key: entry.id, at: entry.at, steps: [entry] })
        break
      }
      case 'Edited': {
        const bubble = byExternal.get(entry.body.message)
        if (!bubble) break
        bubble.earlier.push(bubble.content)
        bubble.content = entry.body.content
        break
      }
      case 'Deleted': {
        const bubble = byExternal.get(entry.body.message)
        if (bubble) bubble.deleted = true
        break
      }
      case 'Delivery': {
        const bubble = byId.get(entry.body.message)
        if (!bubble) break
        const { state, code = '', reason = '' } = entry.body
        if (state === 'failed') {
          bubble.delivery = 'failed'
          bubble.failure = reason || code
        } else if (state === 'pending') {
          bubble.delivery = ''
          bubble.failure = ''
        } else if (bubble.delivery === 'failed' || RANK[state]! > RANK[bubble.delivery]!) {
          bubble.delivery = state // sent again after a failure, or one step further
          bubble.failure = ''
        }
        break
      }
      case 'Notice':
        break // told to one agent, outside the story
    }
  }
  return items
}

/** The step of a folded row that says most: what people did before what the line noted on its way. */
export function headline(steps: DecisionEntry[]): DecisionEntry {
  const telling = steps.filter((step) => !QUIET.has(step.body.what))
  return (telling.length ? telling : steps).at(-1)!
}

const QUIET = new Set([
  'opened',
  'offered',
  'undistributed',
  'identified',
  'tracked',
  'consent_asked',
  'consented',
  'crm_recorded',
  'crm_logged',
  'agent_gone',
])

function continues(
  last: Item | undefined,
  author: Author,
  at: number,
  dropped: boolean,
  automatic: string,
  held: boolean,
): boolean {
  return (
    last?.type === 'message' &&
    last.author.kind === author.kind &&
    (last.author.id ?? '') === (author.id ?? '') &&
    last.dropped === dropped &&
    last.automatic === automatic &&
    last.held === held &&
    at - last.at < TOGETHER
  )
}

function dayOf(at: number, zoneOffset: (at: number) => number): string {
  return new Date((at + zoneOffset(at)) * 1000).toISOString().slice(0, 10)
}

function localOffset(at: number): number {
  return -new Date(at * 1000).getTimezoneOffset() * 60
}
