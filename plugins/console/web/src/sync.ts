// Reading pages from the hub: at the start, when something is opened, and when the feed cannot tell what was missed.

import type { AgentOut, ConversationDetail, ConversationPage, Counters, EntryPage, LineOut, Me, View } from './api.ts'
import { Refused, read } from './http.ts'
import { afterReset, withDetail, withEntries, withList, withPage, withStory } from './state.ts'
import { change, get, set } from './store.ts'

const ROWS = 100
const ENTRIES = 50
const SOON = 400 // ms: counters follow a burst of changes, not each of them

/** The conversation on the screen, 0 = none. */
let selected = 0

export async function start(): Promise<void> {
  await Promise.allSettled([readPeople(), readCounters(), readList('mine'), readList('queue')])
  await openView(get().view)
}

export async function catchUp(): Promise<void> {
  change(afterReset)
  await Promise.allSettled([start(), selected ? select(selected) : undefined])
}

export function openView(view: View): Promise<void> {
  set({ view })
  const { state } = get().hub.lists[view]
  return state === 'no' || state === 'failed' ? readList(view) : Promise.resolve()
}

export async function readList(view: View, more = false): Promise<void> {
  const list = get().hub.lists[view]
  if (list.state === 'loading' || (more && !list.next)) return
  change((hub) => withList(hub, view, 'loading'))
  const query = new URLSearchParams({ view, limit: String(ROWS) })
  if (more && list.next) query.set('cursor', list.next)
  const asked = get().hub.batches
  try {
    const page = await read<ConversationPage>(`/conversations?${query}`)
    change((hub) => withPage(hub, view, page, asked))
  } catch {
    change((hub) => withList(hub, view, 'failed'))
  }
}

/** Shows a conversation: who it is with and what may be done now, and the newest page of its thread. */
export async function select(number: number): Promise<'shown' | 'denied' | 'missing' | 'failed'> {
  selected = number
  if (!number) return 'shown'
  try {
    await readDetail(number)
  } catch (error) {
    if (!(error instanceof Refused)) return 'failed'
    return error.problem.status === 404 ? 'missing' : 'denied'
  }
  const row = get().hub.conversations[number]
  if (row && get().hub.stories[row.thread]?.state !== 'ready') await readStory(number)
  return 'shown'
}

export async function readDetail(number: number): Promise<void> {
  const asked = get().hub.batches
  const detail = await read<ConversationDetail>(`/conversations/${number}`)
  change((hub) => withDetail(hub, detail, asked))
}

export async function readStory(number: number, earlier = false): Promise<void> {
  const row = get().hub.conversations[number]
  if (!row) return
  const { thread } = row
  const story = get().hub.stories[thread]
  if (story?.state === 'loading' || (earlier && story?.before === null)) return
  const before = earlier ? story?.before : null
  if (!story || earlier || story.state === 'failed') change((hub) => withStory(hub, thread, 'loading'))
  const query = new URLSearchParams({ limit: String(ENTRIES) })
  if (before) query.set('before', String(before))
  try {
    const page = await read<EntryPage>(`/conversations/${number}/entries?${query}`)
    change((hub) => withEntries(hub, thread, page, earlier ? 'before' : 'newest'))
  } catch {
    change((hub) => withStory(hub, thread, 'failed'))
  }
}

/** After a write while the feed is down: what it would have told. */
export async function refreshBy(number: number): Promise<void> {
  if (get().link.state === 'open') return
  await Promise.allSettled([readDetail(number), readStory(number)])
}

let detailTimer: ReturnType<typeof setTimeout> | undefined

/** What one may do changes with the conversation; rows of the feed do not say it. */
export function refreshDetails(touched: Set<number>): void {
  if (!selected || !touched.has(selected)) return
  clearTimeout(detailTimer)
  const number = selected
  detailTimer = setTimeout(() => void readDetail(number).catch(() => {}), 60)
}

let countersTimer: ReturnType<typeof setTimeout> | undefined

export function refreshCounters(): void {
  countersTimer ??= setTimeout(() => {
    countersTimer = undefined
    void readCounters().catch(() => {})
  }, SOON)
}

export async function readMe(): Promise<Me> {
  return await read<Me>('/me')
}

async function readCounters(): Promise<void> {
  const counters = await read<Counters>('/counters')
  change((hub) => ({ ...hub, counters }))
}

async function readPeople(): Promise<void> {
  const [agents, lines] = await Promise.all([
    read<{ items: AgentOut[] }>('/agents'),
    read<{ items: LineOut[] }>('/lines'),
  ])
  change((hub) => ({ ...hub, agents: byId(agents.items), lines: byId(lines.items) }))
}

function byId<T extends { id: string }>(items: T[]): Record<string, T> {
  return Object.fromEntries(items.map((item) => [item.id, item]))
}
