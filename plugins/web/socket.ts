// A WebSocket that comes back by itself, for every screen of ours. No framework, no dependency.
//
// It never gives up: after a loss it tries again with growing random pauses (full jitter, half a second to half a
// minute), and at once when the machine comes online or the page is looked at again. Browsers do not show protocol
// pings to scripts, so the server sends a small frame of its own every `heartbeat` ms; when two of them are missing
// the connection is taken for dead, whatever the browser says of it.
//
//   const socket = new Socket({ url: '/chat/site/socket', heartbeat: 25_000,
//     onOpen: () => socket.send({ t: 'hello' }), onFrame: (frame) => ..., onState: (state) => ... })
//   socket.start()

/** `waiting`: lost, and the next try is set for a later moment. `stopped`: by `stop()`, or `onClose` said so. */
export type SocketState = 'connecting' | 'open' | 'waiting' | 'stopped'

/** What is needed of a browser's WebSocket; tests bring their own. */
export interface Wire {
  readyState: number
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
  send(data: string): void
  close(code?: number, reason?: string): void
}

/** Time and chance, so that tests can have their own. */
export interface Clock {
  now(): number
  after(ms: number, run: () => void): unknown
  cancel(timer: unknown): void
  random(): number
}

export interface SocketOptions {
  /** A path or a full address; asked for at each try. */
  url: string | (() => string)
  /** Milliseconds between the server's signs of life; 0 = it gives none. */
  heartbeat?: number
  /** A frame that makes the server answer with anything; sent when the page wakes up, to find a dead connection early. */
  probe?: unknown
  /** The server speaks only when asked: send `probe` every `heartbeat` ms. */
  pings?: boolean
  onOpen(): void
  onFrame(frame: unknown): void
  onState?(state: SocketState, retryAt: number): void
  /** What to do after a close: `retry` (the default), `stop`, or the least pause in ms before the next try. */
  onClose?(code: number, reason: string): 'retry' | 'stop' | number
  connect?(url: string): Wire
  clock?: Clock
  /** Where `online` and `pageshow`, and where `visibilitychange` are heard; null = nowhere. */
  page?: EventTarget | null
  document?: (EventTarget & { visibilityState: string }) | null
}

const FIRST_PAUSE = 500
const LONGEST_PAUSE = 30_000
const LEAST_PAUSE = 100 // jitter may come out as 0, and nothing is gained by hurrying that much
const STEADY = 5_000 // a connection that stood this long was a good one: pauses start over
const PATIENCE = 15_000 // for a connection to open
const PROBE_PATIENCE = 4_000

const CONNECTING = 0
const OPEN = 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => setTimeout(run, ms),
  cancel: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  random: () => Math.random(),
}

export class Socket {
  state: SocketState = 'stopped'
  readonly #options: SocketOptions
  readonly #clock: Clock
  #wire: Wire | null = null
  #failures = 0
  #openedAt = 0
  #lastSign = 0
  #retryTimer: unknown = null
  #watchTimer: unknown = null
  #pingTimer: unknown = null

  constructor(options: SocketOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
  }

  start(): void {
    if (this.state !== 'stopped') return
    this.#hear('addEventListener')
    this.#failures = 0
    this.#connect()
  }

  stop(): void {
    this.#hear('removeEventListener')
    this.#drop(1000, 'bye')
    this.#turn('stopped')
  }

  /** Sends one frame as JSON; false where there is no open connection: nothing is kept for later here. */
  send(frame: unknown): boolean {
    if (this.#wire?.readyState !== OPEN) return false
    this.#wire.send(JSON.stringify(frame))
    return true
  }

  /** Gives the connection up and makes a new one, for instance after a frame that cannot be understood. */
  restart(): void {
    if (this.state === 'stopped') return
    this.#drop(4000, 'restart')
    this.#later(0)
  }

  #connect(): void {
    this.#cancelTimers()
    this.#turn('connecting')
    let wire: Wire
    try {
      const { url } = this.#options
      wire = (this.#options.connect ?? openWebSocket)(typeof url === 'string' ? url : url())
    } catch {
      this.#later(0) // a browser may refuse synchronously (mixed content, a blocked port)
      return
    }
    this.#wire = wire
    this.#watch(PATIENCE)
    wire.onopen = () => {
      if (wire !== this.#wire) return
      this.#openedAt = this.#lastSign = this.#clock.now()
      this.#watch(this.#silence())
      this.#turn('open')
      this.#ping()
      this.#options.onOpen()
    }
    wire.onmessage = (event: never) => {
      if (wire !== this.#wire) return
      this.#lastSign = this.#clock.now()
      this.#watch(this.#silence())
      const frame = parse((event as { data: unknown }).data)
      if (frame !== undefined) this.#options.onFrame(frame)
    }
    wire.onclose = (event: never) => {
      if (wire !== this.#wire) return
      const { code = 1006, reason = '' } = event as { code?: number; reason?: string }
      this.#lost(code, reason)
    }
    wire.onerror = () => {} // a close always follows, and says more
  }

  #lost(code: number, reason: string): void {
    this.#forget()
    const verdict = this.#options.onClose?.(code, reason) ?? 'retry'
    if (this.state === 'stopped') return // onClose called stop()
    if (verdict === 'stop') {
      this.stop()
      return
    }
    if (this.#openedAt && this.#clock.now() - this.#openedAt >= STEADY) this.#failures = 0
    this.#openedAt = 0
    this.#later(verdict === 'retry' ? 0 : verdict)
  }

  #later(least: number): void {
    const bound = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** Math.min(this.#failures++, 10))
    const pause = least + Math.max(LEAST_PAUSE, this.#clock.random() * bound)
    this.#cancelTimers()
    this.#retryTimer = this.#clock.after(pause, () => this.#connect())
    this.#turn('waiting', this.#clock.now() + pause)
  }

  // The page is seen again, or the machine is online again: no reason to wait, and every reason to doubt.
  readonly #wake = (): void => {
    if (this.#options.document?.visibilityState === 'hidden' || this.state === 'stopped') return
    if (this.state === 'waiting') {
      this.#connect()
    } else if (this.state === 'open' && this.#options.probe !== undefined) {
      const before = this.#lastSign
      this.send(this.#options.probe)
      if (this.#lastSign === before) this.#watch(PROBE_PATIENCE)
    }
  }

  // Says the connection dead unless a sign of life comes within `ms`. Infinity = never.
  #watch(ms: number): void {
    if (this.#watchTimer !== null) this.#clock.cancel(this.#watchTimer)
    this.#watchTimer = null
    if (ms === Infinity) return
    this.#watchTimer = this.#clock.after(ms, () => {
      const wire = this.#wire
      if (wire === null) return
      const state = wire.readyState
      this.#forget()
      if (state === CONNECTING || state === OPEN) wire.close(4000, 'silent')
      this.#lost(1006, 'silent')
    })
  }

  #ping(): void {
    const { heartbeat = 0, pings = false, probe } = this.#options
    if (!pings || heartbeat <= 0) return
    this.#pingTimer = this.#clock.after(heartbeat, () => {
      this.send(probe)
      this.#ping()
    })
  }

  #silence(): number {
    const beat = this.#options.heartbeat ?? 0
    return beat > 0 ? beat * 2 + 1_000 : Infinity
  }

  #drop(code: number, reason: string): void {
    const wire = this.#wire
    this.#forget()
    if (wire && (wire.readyState === CONNECTING || wire.readyState === OPEN)) wire.close(code, reason)
  }

  #forget(): void {
    this.#wire = null
    this.#cancelTimers()
  }

  #cancelTimers(): void {
    for (const timer of [this.#retryTimer, this.#watchTimer, this.#pingTimer]) {
      if (timer !== null) this.#clock.cancel(timer)
    }
    this.#retryTimer = this.#watchTimer = this.#pingTimer = null
  }

  #turn(state: SocketState, retryAt = 0): void {
    if (state === this.state && state !== 'waiting') return
    this.state = state
    this.#options.onState?.(state, retryAt)
  }

  #hear(how: 'addEventListener' | 'removeEventListener'): void {
    const { page, document } = this.#options
    page?.[how]('online', this.#wake)
    page?.[how]('pageshow', this.#wake)
    document?.[how]('visibilitychange', this.#wake)
  }
}

/** The browser's own WebSocket to a path or an address. */
export function openWebSocket(url: string): Wire {
  const address = new URL(url, location.href)
  address.protocol = address.protocol.replace('http', 'ws')
  return new WebSocket(address) as unknown as Wire
}

function parse(data: unknown): unknown {
  try {
    return JSON.parse(String(data))
  } catch {
    return undefined
  }
}
