// Stories of the socket that comes back by itself. No real time passes here.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Clock, Socket, type SocketOptions, type SocketState, type Wire } from './socket.ts'

class FakeClock implements Clock {
  time = 1_000_000
  chance = 1
  timers: { at: number; run: () => void }[] = []
  now = () => this.time
  random = () => this.chance
  after = (ms: number, run: () => void) => {
    const timer = { at: this.time + ms, run }
    this.timers.push(timer)
    return timer
  }
  cancel = (timer: unknown) => {
    this.timers = this.timers.filter((one) => one !== timer)
  }
  pass(ms: number): void {
    const end = this.time + ms
    for (;;) {
      const next = this.timers.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.cancel(next)
      this.time = next.at
      next.run()
    }
    this.time = end
  }
}

class FakeWire implements Wire {
  readyState = 0
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  sent: string[] = []
  closedWith = 0
  send = (data: string) => void this.sent.push(data)
  close = (code = 1000) => {
    this.closedWith = code
    this.readyState = 3
  }
  accept(): void {
    this.readyState = 1
    this.onopen?.({} as never)
  }
  says(data: string): void {
    this.onmessage?.({ data } as never)
  }
  breaks(code = 1006): void {
    this.readyState = 3
    this.onclose?.({ code, reason: '' } as never)
  }
}

class Page extends EventTarget {
  visibilityState = 'visible'
}

function stage(more: Partial<SocketOptions> = {}) {
  const clock = new FakeClock()
  const page = new Page()
  const wires: FakeWire[] = []
  const frames: unknown[] = []
  const states: SocketState[] = []
  const socket = new Socket({
    url: 'ws://hub/socket',
    heartbeat: 25_000,
    probe: { t: 'ping' },
    onOpen: () => void socket.send({ t: 'hello' }),
    onFrame: (frame) => void frames.push(frame),
    onState: (state) => void states.push(state),
    connect: () => {
      const wire = new FakeWire()
      wires.push(wire)
      return wire
    },
    clock,
    page,
    document: page,
    ...more,
  })
  const last = () => wires[wires.length - 1] as FakeWire
  return { clock, page, wires, frames, states, socket, last }
}

test('it says hello when open and hands over frames, but no rubbish', () => {
  const { socket, last, frames, states } = stage()
  socket.start()
  last().accept()
  last().says('{"t":"welcome"}')
  last().says('not json')
  assert.deepEqual(last().sent, ['{"t":"hello"}'])
  assert.deepEqual(frames, [{ t: 'welcome' }])
  assert.deepEqual(states, ['connecting', 'open'])
})

test('pauses between tries double up to half a minute, and it never gives up', () => {
  const { socket, clock, wires, last } = stage()
  socket.start()
  const pauses: number[] = []
  for (let n = 0; n < 200; n++) {
    const from = clock.time
    const before = wires.length
    last().breaks()
    while (wires.length === before) clock.pass(100)
    pauses.push(clock.time - from)
  }
  assert.deepEqual(pauses.slice(0, 8), [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000])
  assert.equal(wires.length, 201)
})

test('the pause is random between nearly nothing and its bound', () => {
  const { socket, clock, wires, last } = stage()
  clock.chance = 0
  socket.start()
  last().breaks()
  clock.pass(99)
  assert.equal(wires.length, 1)
  clock.pass(1)
  assert.equal(wires.length, 2)
})

test('a connection that stood for a while resets the pauses; one that falls at once does not', () => {
  const { socket, clock, wires, last } = stage()
  socket.start()
  for (const pause of [500, 1_000, 2_000, 4_000, 8_000]) {
    last().breaks()
    clock.pass(pause)
  }
  last().accept()
  last().breaks() // fell at once: the pause goes on growing
  clock.pass(15_999)
  assert.equal(wires.length, 6)
  clock.pass(1)
  assert.equal(wires.length, 7)
  last().accept()
  clock.pass(6_000)
  last().breaks()
  clock.pass(500)
  assert.equal(wires.length, 8)
})

test('two missing heartbeats are a death, though the browser calls the connection open', () => {
  const { socket, clock, last, wires, states } = stage()
  socket.start()
  last().accept()
  clock.pass(25_000)
  last().says('{"t":"beat"}')
  clock.pass(50_000)
  assert.equal(states.at(-1), 'open')
  clock.pass(1_001)
  assert.equal(states.at(-1), 'waiting')
  assert.equal(wires[0]?.closedWith, 4000)
  clock.pass(500)
  assert.equal(wires.length, 2)
})

test('where the server speaks only when asked, it is asked at every heartbeat', () => {
  const { socket, clock, last, wires } = stage({ pings: true })
  socket.start()
  last().accept()
  for (let n = 0; n < 10; n++) {
    clock.pass(25_000)
    last().says('{"op":"pong"}')
  }
  assert.equal(last().sent.filter((frame) => frame === '{"t":"ping"}').length, 10)
  socket.stop()
  clock.pass(100_000)
  assert.equal(wires.length, 1)
})

test('a connection that does not open in time is tried anew', () => {
  const { socket, clock, wires } = stage()
  socket.start()
  clock.pass(15_500)
  assert.equal(wires.length, 2)
})

for (const [name, event] of [
  ['online', 'online'],
  ['back from the back-forward cache', 'pageshow'],
  ['looked at again', 'visibilitychange'],
] as const) {
  test(`waiting ends at once when the page is ${name}`, () => {
    const { socket, clock, page, wires, last } = stage()
    socket.start()
    for (let n = 0; n < 7; n++) {
      last().breaks()
      clock.pass(30_000)
    }
    last().breaks()
    const before = wires.length
    page.dispatchEvent(new Event(event))
    assert.equal(wires.length, before + 1)
  })
}

test('a page that is being hidden hurries nothing', () => {
  const { socket, page, wires, last } = stage()
  socket.start()
  last().breaks()
  page.visibilityState = 'hidden'
  page.dispatchEvent(new Event('visibilitychange'))
  assert.equal(wires.length, 1)
})

test('a page that wakes up probes its connection and finds a dead one within seconds', () => {
  const { socket, clock, page, wires, last } = stage()
  socket.start()
  last().accept()
  page.dispatchEvent(new Event('pageshow'))
  assert.equal(last().sent.at(-1), '{"t":"ping"}')
  clock.pass(3_000)
  last().says('{"t":"beat"}')
  clock.pass(10_000)
  assert.equal(wires.length, 1)
  page.dispatchEvent(new Event('pageshow'))
  clock.pass(4_500)
  assert.equal(wires.length, 2)
})

test('a close code may stop it, or ask for a longer pause', () => {
  const { socket, clock, wires, last, states } = stage({
    onClose: (code) => (code === 4403 ? 'stop' : code === 4429 ? 20_000 : 'retry'),
  })
  socket.start()
  last().breaks(4429)
  clock.pass(20_000)
  assert.equal(wires.length, 1)
  clock.pass(500)
  assert.equal(wires.length, 2)
  last().breaks(4403)
  clock.pass(600_000)
  assert.equal(wires.length, 2)
  assert.equal(states.at(-1), 'stopped')
})

test('after stop nothing comes back, and what a late wire says is not heard', () => {
  const { socket, clock, page, wires, last, frames } = stage()
  socket.start()
  last().accept()
  socket.stop()
  last().says('{"t":"late"}')
  last().breaks()
  page.dispatchEvent(new Event('online'))
  clock.pass(600_000)
  assert.equal(wires.length, 1)
  assert.deepEqual(frames, [])
  assert.equal(socket.send({}), false)
})

test('a browser that refuses to connect at all is asked again', () => {
  let refusals = 2
  const { socket, clock, wires } = stage({
    connect: () => {
      if (refusals-- > 0) throw new Error('SecurityError')
      const wire = new FakeWire()
      wires.push(wire)
      return wire
    },
  })
  socket.start()
  clock.pass(500 + 1000)
  assert.equal(wires.length, 1)
})
