// What the console knows of the hub, through repetition, gaps and bad timing.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { ConversationOut, EntryOut, Me, MessageEntry } from '../src/api.ts'
import * as state from '../src/state.ts'

const ME = { id: 'anna' } as Me

function row(number: number, changes: Partial<ConversationOut> = {}): ConversationOut {
  return {
    number,
    thread: `site/${number}`,
    status: 'awaiting_agent',
    responsible: 'anna',
    offered: [],
    participants: ['anna'],
    created_at: number,
    queued_at: number,
    closed_at: 0,
    last_at: number,
    idle_at: 0,
    ...changes,
  } as ConversationOut
}

function message(seq: number, number = 1, changes: Partial<MessageEntry['body']> = {}): MessageEntry {
  const body = { id: seq, author: { kind: 'customer' as const }, content: { text: `#${seq}` }, ...changes }
  return { id: `0.${seq}`, seq, thread: `site/${number}`, conversation: number, at: seq, kind: 'Message', body }
}

function batch(changes: Partial<state.Batch>): state.Batch {
  return { conversations: [], entries: [], closed: [], ...changes }
}

function seqs(hub: state.Hub, thread = 'site/1'): number[] | undefined {
  return hub.stories[thread]?.entries.map((entry) => entry.seq)
}

const read = (hub: state.Hub, items: EntryOut[], before: number | null = null) =>
  state.withEntries(hub, 'site/1', { items, before }, 'newest')

test('a batch that comes twice changes nothing the second time', () => {
  const told = batch({ conversations: [row(1)], entries: [message(4), message(5)] })
  const once = state.withBatch(read(state.nothing, [message(3)]), told)
  const twice = state.withBatch(once, told)
  assert.deepEqual(seqs(twice), [3, 4, 5])
  assert.deepEqual({ ...twice, batches: 1, spoken: once.spoken }, once)
})

test('entries stand in the order of the story, whatever the order they came in', () => {
  const random = [7, 3, 9, 4, 8, 5, 6].map((seq) => message(seq))
  const hub = random.reduce((hub, entry) => state.withBatch(hub, batch({ entries: [entry] })), read(state.nothing, []))
  assert.deepEqual(seqs(hub), [3, 4, 5, 6, 7, 8, 9])
})

test('what the feed tells while a page is read is not lost by the page', () => {
  const loading = state.withStory(state.nothing, 'site/1', 'loading')
  const told = state.withBatch(loading, batch({ entries: [message(9)] }))
  assert.deepEqual(seqs(read(told, [message(7), message(8)], 7)), [7, 8, 9])
})

test('the story of a thread that nobody opened is not kept: it would have a hole', () => {
  const hub = state.withBatch(state.nothing, batch({ conversations: [row(1)], entries: [message(9)] }))
  assert.equal(hub.stories['site/1'], undefined)
})

test('reading the newest page again keeps the place up to which the story was read', () => {
  const first = read(state.nothing, [message(50), message(51)], 50)
  const further = state.withEntries(first, 'site/1', { items: [message(10), message(11)], before: null }, 'before')
  const again = read(further, [message(51), message(52)], 51)
  assert.equal(again.stories['site/1']?.before, null)
  assert.deepEqual(seqs(again), [10, 11, 50, 51, 52])
})

test('what one may no longer see leaves the lists and takes its story along', () => {
  const mine = read(state.withBatch(state.nothing, batch({ conversations: [row(1)] })), [message(1)])
  const gone = state.withBatch(mine, batch({ closed: [1] }))
  assert.deepEqual(state.listed('open', gone, ME), [])
  assert.equal(gone.stories['site/1'], undefined)
  assert.equal(gone.lost[1], true)
  const back = state.withBatch(gone, batch({ conversations: [row(1)] }))
  assert.equal(back.lost[1], undefined)
})

test('a story stays while another conversation of its thread is ours', () => {
  const both = batch({ conversations: [row(1), row(2, { thread: 'site/1' })] })
  const hub = state.withBatch(read(state.withBatch(state.nothing, both), [message(1)]), batch({ closed: [2] }))
  assert.deepEqual(seqs(hub), [1])
})

test('after a reset everything is read anew, but what is on its way out stays', () => {
  const sending = { cid: 'c', thread: 'site/1', state: 'held', message: null } as state.Sending
  const hub = state.withSending(read(state.withBatch(state.nothing, batch({ conversations: [row(1)] })), []), sending)
  const reset = state.afterReset(hub)
  assert.deepEqual([reset.conversations, reset.stories], [{}, {}])
  assert.deepEqual(reset.sending['site/1'], [sending])
})

test('a sent message leaves the outbox when its entry comes, before or after the answer', () => {
  const one = { cid: 'c', thread: 'site/1', state: 'sent', message: 12 } as state.Sending
  const mine = message(12, 1, { author: { kind: 'agent', id: 'anna' } })
  const answeredFirst = state.withBatch(state.withSending(read(state.nothing, []), one), batch({ entries: [mine] }))
  assert.deepEqual(answeredFirst.sending['site/1'], [])
  const toldFirst = state.withBatch(
    state.withSending(read(state.nothing, []), { ...one, state: 'sending', message: null }),
    batch({ entries: [mine] }),
  )
  assert.equal(toldFirst.sending['site/1']?.length, 1)
  assert.deepEqual(state.withSending(toldFirst, one).sending['site/1'], [])
})

test('a message that changes its state keeps its place in the outbox', () => {
  const make = (cid: string, how: state.Sending['state']) => ({ cid, thread: 't', state: how, message: null }) as state.Sending
  let hub = state.nothing
  for (const cid of ['a', 'b', 'c']) hub = state.withSending(hub, make(cid, 'sending'))
  hub = state.withSending(hub, make('b', 'failed'))
  assert.deepEqual(hub.sending['t']?.map((one) => one.cid), ['a', 'b', 'c'])
})

test('lists hold what the hub would put in them', () => {
  const rows = [
    row(1, { status: 'waiting', responsible: '', participants: [], offered: ['boris'] }),
    row(2, { status: 'awaiting_agent', responsible: 'boris', participants: ['boris'] }),
    row(3, { status: 'awaiting_customer' }),
    row(4, { status: 'closed' }),
    row(5, { status: 'awaiting_customer', responsible: 'boris', participants: ['boris', 'anna'] }),
    row(6, { status: 'waiting', responsible: '', participants: [], offered: ['anna'] }),
  ]
  const hub = state.withBatch(state.nothing, batch({ conversations: rows }))
  const numbers = (view: (typeof state.VIEWS)[number]) => state.listed(view, hub, ME).map((one) => one.number)
  assert.deepEqual(numbers('mine'), [5, 3])
  assert.deepEqual(numbers('queue'), [1])
  assert.deepEqual(numbers('waiting'), [2])
  assert.deepEqual(numbers('open'), [6, 5, 3, 2, 1])
  assert.deepEqual(numbers('closed'), [4])
  assert.deepEqual(state.offers(hub, ME).map((one) => one.number), [6])
})

test('of offers the one that goes on first stands first, and those that never go on last', () => {
  const offer = (number: number, idle_at: number) => row(number, { status: 'waiting', offered: ['anna'], idle_at })
  const rows = [offer(1, 0), offer(2, 90), offer(3, 40)]
  const hub = state.withBatch(state.nothing, batch({ conversations: rows }))
  assert.deepEqual(state.offers(hub, ME).map((one) => one.number), [3, 2, 1])
})

test('who waits longest for a reply stands first', () => {
  const rows = [row(1, { last_at: 300 }), row(2, { last_at: 100 }), row(3, { last_at: 200 })]
  const hub = state.withBatch(state.nothing, batch({ conversations: rows }))
  assert.deepEqual(state.listed('waiting', hub, ME).map((one) => one.number), [2, 3, 1])
})

test('typing ends with its time, or with the message', () => {
  const typist = { kind: 'customer', id: 'c', name: 'Vera', text: 'Hel', until: 106 }
  const hub = state.withTyping(read(state.nothing, []), 1, typist)
  assert.equal(state.withoutStaleTyping(hub, 105.9), hub)
  assert.deepEqual(state.withoutStaleTyping(hub, 106).typing, {})
  assert.deepEqual(state.withBatch(hub, batch({ entries: [message(1)] })).typing[1], [])
  const agent = message(2, 1, { author: { kind: 'agent', id: 'boris' } })
  assert.equal(state.withBatch(hub, batch({ entries: [agent] })).typing[1]?.length, 1)
})

test('presence of people one does not know changes nothing', () => {
  const boris = { id: 'boris', name: 'Boris', available: true, absence: '' } as state.Hub['agents'][string]
  const hub = { ...state.nothing, agents: { boris } }
  const next = state.withPresence(hub, [
    { id: 'boris', available: false, absence: 'on a break' },
    { id: 'nobody', available: true, absence: '' },
  ])
  assert.deepEqual(next.agents, { boris: { ...boris, available: false, absence: 'on a break' } })
})

test('a page that was asked for before the feed spoke does not take a row back in time', () => {
  const asked = state.nothing.batches
  const told = state.withBatch(state.nothing, batch({ conversations: [row(1, { status: 'closed' })], closed: [2] }))
  const page = { items: [row(1), row(3)], next: null }
  const hub = state.withPage(told, 'open', page, asked)
  assert.deepEqual([hub.conversations[1]?.status, hub.conversations[3]?.status], ['closed', 'awaiting_agent'])
  const customer = {} as state.Detail['customer']
  assert.equal(state.withDetail(hub, { conversation: row(1), customer }, asked).conversations[1]?.status, 'closed')
  assert.equal(state.withDetail(hub, { conversation: row(2), customer }, asked).details[2], undefined)
  assert.equal(state.withDetail(hub, { conversation: row(1), customer }).conversations[1]?.status, 'awaiting_agent')
})
