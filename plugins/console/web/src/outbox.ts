// Messages on their way: shown at once, sent one after the other per thread, held while the hub is out of reach.

import type { Outcome } from './api.ts'
import { Refused, uuid, write } from './http.ts'
import { hubNow } from './now.ts'
import { withSending, withoutSending, type Sending } from './state.ts'
import { change, get } from './store.ts'
import { refreshBy } from './sync.ts'
import { refusal } from './words.ts'

const RETRY = 4_000

export type Words = Pick<Sending, 'thread' | 'number' | 'mode' | 'text' | 'files' | 'mentions'>

let opened: (number: number) => void = () => {}

/** A reply to a closed conversation opens a new one: the screen follows it there. */
export function whenOpened(follow: (number: number) => void): void {
  opened = follow
}

export function say(words: Words): void {
  const one: Sending = { ...words, cid: uuid(), at: hubNow(), state: 'sending', reason: '', message: null }
  const ahead = queue(words.thread)
  put(one)
  if (!ahead.some((other) => other.state === 'sending' || other.state === 'held')) void work(words.thread)
}

export function retry(one: Sending): void {
  put({ ...one, state: 'sending', reason: '' })
  void work(one.thread)
}

export function discard(one: Sending): void {
  change((hub) => withoutSending(hub, one.thread, one.cid))
}

export function flushHeld(): void {
  for (const [thread, list] of Object.entries(get().hub.sending)) {
    if (!list.some((one) => one.state === 'held')) continue
    for (const one of list) if (one.state === 'held') put({ ...one, state: 'sending' })
    void work(thread)
  }
}

export function somethingUnsent(): boolean {
  return Object.values(get().hub.sending)
    .flat()
    .some((one) => one.state !== 'sent')
}

const working = new Set<string>()

/** One at a time per thread, in order. A held one stays in front: what was written later must not overtake it. */
async function work(thread: string): Promise<void> {
  if (working.has(thread)) return
  working.add(thread)
  try {
    for (;;) {
      const one = queue(thread).find((each) => each.state === 'sending' || each.state === 'held')
      if (!one || one.state === 'held') return
      await send(one)
    }
  } finally {
    working.delete(thread)
  }
}

async function send(one: Sending): Promise<void> {
  try {
    const body = { text: one.text, files: one.files.map((file) => file.id), mentions: one.mentions }
    const outcome = await write<Outcome>('POST', `/conversations/${one.number}/${one.mode}`, body, one.cid)
    put({ ...one, state: 'sent', message: outcome.message })
    if (outcome.conversation && outcome.conversation !== one.number) opened(outcome.conversation)
    void refreshBy(outcome.conversation || one.number)
  } catch (error) {
    if (error instanceof Refused) {
      put({ ...one, state: 'failed', reason: refusal(error) })
      return
    }
    put({ ...one, state: 'held', reason: '' }) // the same key goes out again: the hub knows it if it had come through
    setTimeout(flushHeld, RETRY)
  }
}

function queue(thread: string): Sending[] {
  return get().hub.sending[thread] ?? []
}

function put(one: Sending): void {
  change((hub) => withSending(hub, one))
}
