// What the console knows of the hub, and how it changes. Pure: no network, no clock, no DOM.
//
// Every function takes the state and returns the next one. Frames of the feed may come twice or out of step with the
// pages read by REST, so entries are told apart by their id and ordered by their `seq`.

import type {
  Action,
  AgentOut,
  ConversationDetail,
  ConversationOut,
  ConversationPage,
  Counters,
  CustomerOut,
  EntryOut,
  EntryPage,
  LineOut,
  Me,
  View,
} from './api.ts'

export type Loading = 'no' | 'loading' | 'ready' | 'failed'

export interface Story {
  entries: EntryOut[]
  /** Where the page before this one begins; null = this is the beginning. */
  before: number | null
  state: Loading
}

export interface List {
  state: Loading
  next: string | null
}

export interface Detail {
  actions: Action[]
  customer: CustomerOut
}

export interface Typist {
  kind: string
  id: string
  name: string
  text: string
  until: number
}

/** A message on its way to the hub; it leaves this list when its entry comes back in the story. */
export interface Sending {
  cid: string
  thread: string
  number: number
  mode: 'reply' | 'note'
  text: string
  files: { id: string; name: string; type: string; size: number }[]
  mentions: string[]
  at: number
  /** `held`: the hub is out of reach, it goes as soon as it is back. */
  state: 'sending' | 'held' | 'failed' | 'sent'
  reason: string
  message: number | null
}

export interface Hub {
  conversations: Record<number, ConversationOut>
  details: Record<number, Detail>
  stories: Record<string, Story>
  lists: Record<View, List>
  counters: Counters
  agents: Record<string, AgentOut>
  lines: Record<string, LineOut>
  typing: Record<number, Typist[]>
  sending: Record<string, Sending[]>
  /** Conversations that are no longer ours to see. */
  lost: Record<number, true>
  /** Batches so far, and which of them spoke last of a conversation: a page that was asked for earlier is older. */
  batches: number
  spoken: Record<number, number>
}

export const VIEWS: readonly View[] = ['mine', 'queue', 'waiting', 'open', 'closed']
export const TYPING_LASTS = 6 // seconds
const UNREAD: List = { state: 'no', next: null }

export const nothing: Hub = {
  conversations: {},
  details: {},
  stories: {},
  lists: { mine: UNREAD, queue: UNREAD, waiting: UNREAD, open: UNREAD, closed: UNREAD },
  counters: { mine: 0, queue: 0, waiting: 0, open: 0 },
  agents: {},
  lines: {},
  typing: {},
  sending: {},
  lost: {},
  batches: 0,
  spoken: {},
}

// -- from the feed ------------------------------------------------------------------------------------------------

export interface Batch {
  conversations: ConversationOut[]
  entries: EntryOut[]
  closed: number[]
}

export function withBatch(hub: Hub, batch: Batch): Hub {
  const conversations = { ...hub.conversations }
  const lost = { ...hub.lost }
  const batches = hub.batches + 1
  const spoken = { ...hub.spoken }
  for (const row of batch.conversations) {
    conversations[row.number] = row
    spoken[row.number] = batches
    delete lost[row.number]
  }
  let stories = hub.stories
  let sending = hub.sending
  let typing = hub.typing
  for (const [thread, entries] of byThread(batch.entries)) {
    const story = stories[thread]
    // A story that nobody has asked for yet is read whole when somebody does.
    if (story) stories = { ...stories, [thread]: { ...story, entries: merged(story.entries, entries) } }
    sending = withoutArrived(sending, thread, entries)
    typing = withoutAuthors(typing, entries)
  }
  for (const number of batch.closed) {
    const row = conversations[number]
    delete conversations[number]
    spoken[number] = batches
    lost[number] = true
    const others = Object.values(conversations).some((other) => other.thread === row?.thread)
    if (row && !others && stories[row.thread]) {
      stories = { ...stories }
      delete stories[row.thread]
    }
  }
  return { ...hub, conversations, lost, stories, sending, typing, batches, spoken }
}

export function withTyping(hub: Hub, conversation: number, typist: Typist): Hub {
  const others = (hub.typing[conversation] ?? []).filter((one) => one.kind !== typist.kind || one.id !== typist.id)
  return { ...hub, typing: { ...hub.typing, [conversation]: [...others, typist] } }
}

export function withoutStaleTyping(hub: Hub, now: number): Hub {
  const all = Object.values(hub.typing).flat()
  if (all.every((one) => one.until > now)) return hub
  const typing: Hub['typing'] = {}
  for (const [number, typists] of Object.entries(hub.typing)) {
    const left = typists.filter((one) => one.until > now)
    if (left.length) typing[Number(number)] = left
  }
  return { ...hub, typing }
}

export function withPresence(hub: Hub, changes: { id: string; available: boolean; absence: string }[]): Hub {
  const agents = { ...hub.agents }
  for (const { id, available, absence } of changes) {
    const agent = agents[id]
    if (agent) agents[id] = { ...agent, available, absence }
  }
  return { ...hub, agents }
}

// -- from pages -----------------------------------------------------------------------------------------------------

/** `asked`: how many batches there had been when the page was asked for. */
export function withPage(hub: Hub, view: View, page: ConversationPage, asked = hub.batches): Hub {
  const conversations = { ...hub.conversations }
  for (const row of page.items) if (!spokenSince(hub, row.number, asked)) conversations[row.number] = row
  const lists = { ...hub.lists, [view]: { state: 'ready', next: page.next } satisfies List }
  return { ...hub, conversations, lists }
}

export function withList(hub: Hub, view: View, state: Loading): Hub {
  return { ...hub, lists: { ...hub.lists, [view]: { ...hub.lists[view], state } } }
}

export function withDetail(hub: Hub, { conversation, customer }: ConversationDetail, asked = hub.batches): Hub {
  const { number, actions = [] } = conversation
  if (spokenSince(hub, number, asked)) {
    // Better than nothing while it is read again; nothing at all if it is no longer ours.
    return number in hub.conversations ? { ...hub, details: { ...hub.details, [number]: { actions, customer } } } : hub
  }
  const lost = { ...hub.lost }
  delete lost[number]
  return {
    ...hub,
    lost,
    conversations: { ...hub.conversations, [number]: conversation },
    details: { ...hub.details, [number]: { actions, customer } },
  }
}

function spokenSince(hub: Hub, number: number, asked: number): boolean {
  return (hub.spoken[number] ?? 0) > asked
}

/** `from`: which page this is: the newest, or the one before what is there. */
export function withEntries(hub: Hub, thread: string, page: EntryPage, from: 'newest' | 'before'): Hub {
  const old = hub.stories[thread]
  const entries = merged(old?.entries ?? [], page.items)
  // Reading the newest page again must not forget how far up the story has been read.
  const before = from === 'before' || !old || old.state !== 'ready' ? page.before : old.before
  return {
    ...hub,
    stories: { ...hub.stories, [thread]: { entries, before, state: 'ready' } },
    sending: withoutArrived(hub.sending, thread, page.items),
  }
}

export function withStory(hub: Hub, thread: string, state: Loading): Hub {
  const story = hub.stories[thread] ?? { entries: [], before: null, state }
  return { ...hub, stories: { ...hub.stories, [thread]: { ...story, state } } }
}

/** The feed cannot tell what was missed: all that was read counts for nothing but what is on its way out. */
export function afterReset(hub: Hub): Hub {
  return { ...nothing, batches: hub.batches, counters: hub.counters, agents: hub.agents, lines: hub.lines, sending: hub.sending }
}

// -- messages on their way ------------------------------------------------------------------------------------------

export function withSending(hub: Hub, one: Sending): Hub {
  const others = (hub.sending[one.thread] ?? []).filter((other) => other.cid !== one.cid)
  if (one.message !== null && arrived(hub.stories[one.thread]?.entries ?? [], one.message)) {
    return { ...hub, sending: { ...hub.sending, [one.thread]: others } }
  }
  const place = (hub.sending[one.thread] ?? []).findIndex((other) => other.cid === one.cid)
  const list = place < 0 ? [...others, one] : others.toSpliced(place, 0, one)
  return { ...hub, sending: { ...hub.sending, [one.thread]: list } }
}

export function withoutSending(hub: Hub, thread: string, cid: string): Hub {
  const left = (hub.sending[thread] ?? []).filter((one) => one.cid !== cid)
  return { ...hub, sending: { ...hub.sending, [thread]: left } }
}

function withoutArrived(sending: Hub['sending'], thread: string, entries: EntryOut[]): Hub['sending'] {
  const waiting = sending[thread]
  if (!waiting?.length) return sending
  return { ...sending, [thread]: waiting.filter((one) => one.message === null || !arrived(entries, one.message)) }
}

function arrived(entries: EntryOut[], message: number): boolean {
  return entries.some((entry) => (entry.kind === 'Message' || entry.kind === 'Noted') && entry.body.id === message)
}

// -- what lists show ------------------------------------------------------------------------------------------------

export function isOffered(row: ConversationOut, me: string): boolean {
  return row.status === 'waiting' && row.offered.includes(me)
}

/** Whether a conversation belongs in a list: the same rule by which the hub fills its pages. */
export function inView(view: View, row: ConversationOut, me: Pick<Me, 'id'>): boolean {
  switch (view) {
    case 'mine':
      return row.status !== 'closed' && [row.responsible, ...row.participants, ...row.offered].includes(me.id)
    case 'queue':
      return row.status === 'waiting'
    case 'waiting':
      return row.status === 'awaiting_agent'
    case 'open':
      return row.status !== 'closed'
    case 'closed':
      return row.status === 'closed'
  }
}

/** Who waits longest stands first where somebody waits; else what happened last. */
export function listed(view: View, hub: Hub, me: Me): ConversationOut[] {
  const rows = Object.values(hub.conversations).filter(
    (row) => inView(view, row, me) && (view === 'open' || !isOffered(row, me.id)),
  )
  const last = (row: ConversationOut) => row.last_at || row.created_at
  switch (view) {
    case 'queue':
      return rows.sort((a, b) => a.queued_at - b.queued_at || a.number - b.number)
    case 'waiting':
      return rows.sort((a, b) => last(a) - last(b) || a.number - b.number)
    case 'closed':
      return rows.sort((a, b) => b.closed_at - a.closed_at || b.number - a.number)
    default:
      return rows.sort((a, b) => last(b) - last(a) || b.number - a.number)
  }
}

export function offers(hub: Hub, me: Me): ConversationOut[] {
  return Object.values(hub.conversations)
    .filter((row) => isOffered(row, me.id))
    .sort((a, b) => (a.idle_at || Infinity) - (b.idle_at || Infinity) || a.queued_at - b.queued_at)
}

// -- entries --------------------------------------------------------------------------------------------------------

/** Both lists in the story's order, each entry once. */
export function merged(old: EntryOut[], more: EntryOut[]): EntryOut[] {
  const known = new Set(old.map((entry) => entry.id))
  const fresh = more.filter((entry) => !known.has(entry.id) && known.add(entry.id))
  if (!fresh.length) return old
  const all = [...old, ...fresh]
  const tail = old.at(-1)
  const inOrder = fresh.every((entry, at) => entry.seq > (fresh[at - 1] ?? tail ?? { seq: -1 }).seq)
  return inOrder ? all : all.sort((a, b) => a.seq - b.seq)
}

function byThread(entries: EntryOut[]): Map<string, EntryOut[]> {
  const map = new Map<string, EntryOut[]>()
  for (const entry of entries) {
    const list = map.get(entry.thread)
    if (list) list.push(entry)
    else map.set(entry.thread, [entry])
  }
  return map
}

function withoutAuthors(typing: Hub['typing'], entries: EntryOut[]): Hub['typing'] {
  let left = typing
  for (const entry of entries) {
    const typists = left[entry.conversation]
    if (entry.kind !== 'Message' || !typists) continue
    const { kind, id = '' } = entry.body.author
    left = {
      ...left,
      [entry.conversation]: typists.filter((one) => one.kind !== kind || (kind !== 'customer' && one.id !== id)),
    }
  }
  return left
}
