// From entries to what is drawn.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { EntryOut } from '../src/api.ts'
import { headline, told, type Bubble, type Item, type Steps } from '../src/story.ts'

const NOON = 1_789_992_000 // 21 September 2026, 12:00 UTC
const utc = () => 0
let seq = 0

function entry<K extends EntryOut['kind']>(
  kind: K,
  body: Extract<EntryOut, { kind: K }>['body'],
  at = NOON,
  conversation = 1,
): EntryOut {
  seq += 1
  return { id: `0.${seq}`, seq, thread: 't', conversation, at, kind, body } as EntryOut
}

const wrote = (id: number, text: string, at = NOON, external = `x${id}`) =>
  entry('Message', { id, author: { kind: 'customer' }, content: { text }, external }, at)
const said = (id: number, text: string, at = NOON) =>
  entry('Message', { id, author: { kind: 'agent', id: 'anna' }, content: { text } }, at)
const delivery = (message: number, state: 'pending' | 'sent' | 'delivered' | 'read' | 'failed', reason = '') =>
  entry('Delivery', { message, state, reason })
const step = (what: string) => entry('Decision', { what })

const bubbles = (items: Item[]) => items.filter((item): item is Bubble => item.type === 'message')
const one = (...entries: EntryOut[]) => bubbles(told(entries, utc))[0]!

test('a message goes from sent to read and never back', () => {
  assert.equal(one(said(1, 'Hello')).delivery, '')
  assert.equal(one(said(1, 'Hello'), delivery(1, 'sent')).delivery, 'sent')
  assert.equal(one(said(1, 'Hello'), delivery(1, 'read'), delivery(1, 'delivered')).delivery, 'read')
})

test('a failed message says why, until it is sent again', () => {
  const failed = [said(1, 'Hello'), delivery(1, 'failed', 'blocked by the customer')]
  assert.deepEqual([one(...failed).delivery, one(...failed).failure], ['failed', 'blocked by the customer'])
  const again = one(...failed, delivery(1, 'pending'))
  assert.deepEqual([again.delivery, again.failure], ['', ''])
  assert.equal(one(...failed, delivery(1, 'sent')).delivery, 'sent')
})

test('a message held while the line was off is shown as such, and begins no conversation', () => {
  const held = entry('Held', { id: 9, author: { kind: 'customer' }, content: { text: 'Anybody?' }, line: 'shop' }, NOON, 0)
  const items = told([wrote(1, 'Hi'), held, wrote(3, 'Hello again')], utc)
  assert.deepEqual(items.map((item) => item.type), ['day', 'conversation', 'message', 'message', 'message'])
  assert.deepEqual(bubbles(items).map((bubble) => [bubble.held, bubble.follows]), [[false, false], [true, false], [false, false]])
})

test('an edited message keeps what it said before, a deleted one its words', () => {
  const edited = one(wrote(1, 'at five'), entry('Edited', { message: 'x1', content: { text: 'at six' } }))
  assert.equal(edited.content.text, 'at six')
  assert.deepEqual(edited.earlier, [{ text: 'at five' }])
  const deleted = one(wrote(1, 'oops'), entry('Deleted', { message: 'x1' }))
  assert.deepEqual([deleted.deleted, deleted.content.text], [true, 'oops'])
})

test('what concerns messages on a page that is not read yet is passed over', () => {
  const items = told([delivery(99, 'read'), entry('Edited', { message: 'x99', content: {} }), wrote(1, 'Hi')], utc)
  assert.equal(bubbles(items).length, 1)
})

test('messages of one author within five minutes make one group', () => {
  const follows = (...entries: EntryOut[]) => bubbles(told(entries, utc)).map((bubble) => bubble.follows)
  assert.deepEqual(follows(wrote(1, 'a'), wrote(2, 'b', NOON + 299), wrote(3, 'c', NOON + 700)), [false, true, false])
  assert.deepEqual(follows(wrote(1, 'a'), said(2, 'b'), wrote(3, 'c')), [false, false, false])
  assert.deepEqual(follows(wrote(1, 'a'), step('accepted'), wrote(2, 'b')), [false, false])
})

test('decisions in a row fold into one line, led by the most telling', () => {
  const items = told([wrote(1, 'Hi'), step('opened'), step('handed_over'), step('offered'), said(2, 'Hello')], utc)
  const folded = items.filter((item): item is Steps => item.type === 'steps')
  assert.equal(folded.length, 1)
  assert.equal(headline(folded[0]!.steps).body.what, 'handed_over')
  const asked = told([step('accepted'), step('consent_asked'), step('tracked')], utc).at(-1) as Steps
  assert.equal(headline(asked.steps).body.what, 'accepted')
  const quiet = told([step('opened'), step('offered')], utc).at(-1) as Steps
  assert.equal(headline(quiet.steps).body.what, 'offered')
})

test('a new day and a new conversation are marked once, where they begin', () => {
  const night = NOON + 12 * 3600
  const items = told(
    [wrote(1, 'a'), wrote(2, 'b', night - 1), wrote(3, 'c', night), { ...wrote(4, 'd', night + 60), conversation: 2 }],
    utc,
  )
  assert.deepEqual(
    items.map((item) => item.type),
    ['day', 'conversation', 'message', 'message', 'day', 'message', 'conversation', 'message'],
  )
})

test('days begin at the reader’s midnight', () => {
  const items = told([wrote(1, 'a', NOON + 9 * 3600), wrote(2, 'b', NOON + 10.5 * 3600)], () => 2 * 3600)
  assert.equal(items.filter((item) => item.type === 'day').length, 2)
})

test('keys are unique and stay the same when earlier pages come in', () => {
  const late = [wrote(3, 'c'), step('accepted'), said(4, 'd')]
  const early = [{ ...wrote(1, 'a'), seq: -2, id: '0.a' }, { ...said(2, 'b'), seq: -1, id: '0.b' }]
  const keys = (entries: EntryOut[]) =>
    told(entries, utc).filter((item) => item.type !== 'day' && item.type !== 'conversation').map((item) => item.key)
  const all = keys([...early, ...late])
  assert.equal(new Set(all).size, all.length)
  assert.deepEqual(all.slice(-3), keys(late))
})
