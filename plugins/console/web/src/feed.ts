// The live stream from the hub: hello with the last cursor, batches applied once a frame, signs of life.

import { Socket } from '../../../web/socket.ts'
import { alertAbout } from './alerts.ts'
import type { Frame } from './api.ts'
import { flushHeld } from './outbox.ts'
import { TYPING_LASTS, withBatch, withPresence, withTyping, withoutStaleTyping, type Batch } from './state.ts'
import { change, get, set } from './store.ts'
import { catchUp, refreshCounters, refreshDetails, start } from './sync.ts'

const HEARTBEAT = 25_000
const TYPING_EVERY = 3_000
const SIGNED_OUT = 4401

let socket: Socket | null = null
let cursor: string | null = null
let queued: Batch[] = []
let scheduled = false
let lastTyping = { at: 0, conversation: 0 }

export function openFeed(): void {
  closeFeed()
  socket = new Socket({
    url: '/api/v1/feed',
    heartbeat: HEARTBEAT,
    pings: true,
    probe: { op: 'ping' },
    page: window,
    document,
    onOpen: () => socket?.send({ op: 'hello', cursor }),
    onFrame: (frame) => heed(frame as Frame),
    onState: (state) => {
      if (state !== 'open') lost()
    },
    onClose: (code) => {
      if (code !== SIGNED_OUT) return 'retry'
      set({ me: null })
      return 'stop'
    },
  })
  socket.start()
}

export function closeFeed(): void {
  socket?.stop()
  socket = null
  cursor = null
  queued = []
  set({ link: { state: 'connecting', since: 0 } })
}

/** Tells colleagues (and the customer, where the channel can) that an agent is writing. */
export function tellTyping(conversation: number): void {
  const now = Date.now()
  if (lastTyping.conversation === conversation && now - lastTyping.at < TYPING_EVERY) return
  if (socket?.send({ op: 'typing', conversation })) lastTyping = { at: now, conversation }
}

/** The message is out, and who got it takes the writing for done: what is written next is told at once. */
export function typingOver(): void {
  lastTyping = { at: 0, conversation: 0 }
}

function lost(): void {
  const { link } = get()
  if (link.state === 'open') set({ link: { state: 'lost', since: Date.now() } })
}

function heed(frame: Frame): void {
  switch (frame.op) {
    case 'welcome': {
      const first = cursor === null
      cursor = frame.cursor
      set({ link: { state: 'open', since: 0 } })
      if (first) void start()
      else if (frame.reset) void catchUp()
      flushHeld()
      break
    }
    case 'batch':
      queued.push(frame)
      cursor = frame.cursor // what is queued is applied before anything else can be asked
      schedule()
      break
    case 'typing':
      change((hub) =>
        withTyping(hub, frame.conversation, { ...frame.by, text: frame.text, until: seconds() + TYPING_LASTS }),
      )
      setTimeout(() => change((hub) => withoutStaleTyping(hub, seconds())), TYPING_LASTS * 1000 + 50)
      break
    case 'presence':
      change((hub) => withPresence(hub, frame.agents))
      break
    case 'notice':
      alertAbout({ kind: 'notice', text: frame.text, conversation: frame.conversation })
      break
    case 'pong':
      break
  }
}

/** Many frames make one render. A hidden page draws no frames, so a timer stands in for them. */
function schedule(): void {
  if (scheduled) return
  scheduled = true
  if (document.hidden) setTimeout(apply, 50)
  else {
    const late = setTimeout(apply, 250)
    requestAnimationFrame(() => {
      clearTimeout(late)
      apply()
    })
  }
}

function apply(): void {
  if (!scheduled) return
  scheduled = false
  const batch: Batch = {
    conversations: queued.flatMap((one) => one.conversations),
    entries: queued.flatMap((one) => one.entries),
    closed: queued.flatMap((one) => one.closed),
  }
  queued = []
  const before = get().hub
  change((hub) => withBatch(hub, batch))
  alertAbout({ kind: 'batch', batch, before })
  const touched = new Set([...batch.conversations.map((row) => row.number), ...batch.closed])
  if (touched.size) refreshCounters()
  refreshDetails(touched)
}

function seconds(): number {
  return Date.now() / 1000
}
