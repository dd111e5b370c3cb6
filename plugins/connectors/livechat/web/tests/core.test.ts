// Stories of the chat without a screen: nothing is lost, nothing is doubled, nothing is out of order.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Chat, OUTBOX_LIMIT, UploadError } from '../src/core.ts'
import type { FromServer, SentFile, Shown } from '../src/protocol.ts'
import { openStore } from '../src/store.ts'

const TOKEN = 'a-token'
const LIMITS = { text: 10_000, draft: 500, file: 1_000, files: 10 }

class FakeClock {
  time = 0
  timers: { at: number; run: () => void }[] = []
  now = () => this.time
  random = () => 1
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

/** A browser's storage in memory. */
class FakeStorage {
  [key: string]: unknown
  getItem(key: string): string | null {
    return (this[key] as string | undefined) ?? null
  }
  setItem(key: string, value: string): void {
    this[key] = value
  }
  removeItem(key: string): void {
    delete this[key]
  }
}

type Sent = { t: string; cid: string } & Record<string, unknown>

function stage({ storage = new FakeStorage() as unknown as Storage, token = '', upload = async (): Promise<SentFile> => assert.fail('no upload expected') } = {}) {
  const clock = new FakeClock()
  const sent: Sent[] = []
  const tokens: string[] = []
  let online = true
  let restarts = 0
  let ids = 0
  const chat = new Chat(
    {
      line: {
        send(frame) {
          if (online) sent.push(JSON.parse(JSON.stringify(frame)))
          return online
        },
        restart: () => void restarts++,
      },
      store: openStore('chat:', () => storage),
      clock,
      newId: () => `cid-${clock.time}-${String(++ids).padStart(3, '0')}`,
      upload,
      keepToken: (kept) => void tokens.push(kept),
      dropToken: () => void tokens.push(''),
    },
    { token, lang: 'en' },
  )
  const says = (frame: FromServer) => chat.take(frame)
  const connect = (history: Shown[] | null = [], before = 0) => {
    online = true
    chat.turned('open')
    chat.opened()
    const last = history?.at(-1)?.seq ?? 0
    says({ t: 'welcome', v: 1, token: TOKEN, heartbeat: 25, limits: LIMITS, ...(history && { history: { items: history, before, last } }) })
  }
  const disconnect = () => {
    online = false
    chat.turned('waiting')
  }
  const texts = () => chat.state.items.map((item) => item.text ?? item.what)
  const commands = () => sent.filter((frame) => 'cid' in frame)
  return { chat, clock, sent, tokens, storage, says, connect, disconnect, texts, commands, restarts: () => restarts }
}

const answer = (seq: number, text: string, more: object = {}): Shown => ({ seq, at: seq, kind: 'msg', conv: 1, data: { id: seq, from: 'agent', name: 'Anna', text, ...more } })
const own = (seq: number, cid: string, text: string): Shown => ({ seq, at: seq, kind: 'msg', conv: 1, data: { id: seq, from: 'me', cid, text } })

test('what is written shows at once, waits for the server, and becomes part of the story without a second bubble', () => {
  const { chat, connect, says, commands } = stage()
  connect()
  chat.write('Hello')
  const [item] = chat.state.items
  assert.equal(item?.state, 'waiting')
  const cid = commands()[0]?.cid as string
  says({ t: 'ok', cid, id: '1' })
  assert.equal(chat.state.items[0]?.state, 'sent')
  says({ t: 'ev', prev: 0, items: [own(1, cid, 'Hello')] })
  assert.equal(chat.state.items.length, 1)
  assert.equal(chat.state.items[0]?.key, item?.key)
  assert.equal(chat.state.items[0]?.state, undefined)
})

test('the story may come before the answer', () => {
  const { chat, connect, says, commands, texts } = stage()
  connect()
  chat.write('one')
  chat.write('two')
  const cid = commands()[0]?.cid as string
  says({ t: 'ev', prev: 0, items: [own(1, cid, 'one')] })
  says({ t: 'ok', cid, id: '1' })
  assert.deepEqual(texts(), ['one', 'two'])
  assert.equal(commands().length, 2)
})

test('messages go out one at a time, in order', () => {
  const { chat, connect, says, commands } = stage()
  connect()
  for (const text of ['one', 'two', 'three']) chat.write(text)
  assert.deepEqual(commands().map((frame) => frame.text), ['one'])
  says({ t: 'ok', cid: commands()[0]?.cid as string, id: '1' })
  assert.deepEqual(commands().map((frame) => frame.text), ['one', 'two'])
})

test('what was not answered before a loss is sent again with the same cid', () => {
  const { chat, connect, disconnect, commands, says, texts } = stage()
  connect()
  chat.write('Hello')
  disconnect()
  chat.write('Are you there?')
  assert.equal(commands().length, 1)
  connect(null)
  const [first, again] = commands()
  assert.equal(again?.cid, first?.cid)
  says({ t: 'ok', cid: first?.cid as string, id: '1' })
  assert.deepEqual(commands().map((frame) => frame.text), ['Hello', 'Hello', 'Are you there?'])
  assert.deepEqual(texts(), ['Hello', 'Are you there?'])
})

test('a message that was taken before the loss comes back as story and is not sent again', () => {
  const { chat, connect, disconnect, commands, texts } = stage()
  connect()
  chat.write('Hello')
  const cid = commands()[0]?.cid as string
  disconnect()
  connect([own(1, cid, 'Hello')])
  assert.equal(commands().length, 1)
  assert.deepEqual(texts(), ['Hello'])
})

test('a frame that comes twice is shown once', () => {
  const { connect, says, texts } = stage()
  connect()
  says({ t: 'ev', prev: 0, items: [answer(3, 'a'), answer(5, 'b')] })
  says({ t: 'ev', prev: 0, items: [answer(3, 'a'), answer(5, 'b')] })
  says({ t: 'ev', prev: 3, items: [answer(5, 'b'), answer(9, 'c')] })
  assert.deepEqual(texts(), ['a', 'b', 'c'])
})

test('a frame that does not follow is a loss: nothing of it shows, and the story is asked for from the last place', () => {
  const { connect, says, texts, sent, restarts } = stage()
  connect([answer(3, 'a')])
  says({ t: 'ev', prev: 7, items: [answer(9, 'c')] })
  assert.deepEqual(texts(), ['a'])
  assert.equal(restarts(), 1)
  connect(null)
  assert.equal(sent.findLast((frame) => frame.t === 'hello')?.after, 3)
  says({ t: 'ev', prev: 3, items: [answer(7, 'b'), answer(9, 'c')] })
  assert.deepEqual(texts(), ['a', 'b', 'c'])
})

test('whatever the losses, in the end every message is there once and in order', () => {
  let seed = 7
  const chance = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647
  for (let round = 0; round < 1_000; round++) {
    const { chat, connect, disconnect, says, texts, sent, restarts } = stage()
    const story: Shown[] = []
    const known = new Set<string>()
    const written: string[] = []
    let up = false
    let read = 0
    let told = 0
    let restarted = 0
    const hello = () => {
      connect(null)
      told = (sent.findLast((frame) => frame.t === 'hello') as unknown as { after: number }).after
      up = true
    }
    const serve = (lossy: boolean) => {
      for (; read < sent.length; read++) {
        const frame = sent[read] as Sent
        if (!frame.cid || frame.t !== 'send') continue
        if (!known.has(frame.cid)) story.push(own(story.length * 2 + 2, frame.cid, frame.text as string))
        known.add(frame.cid)
        if (!lossy || chance() > 0.3) says({ t: 'ok', cid: frame.cid, id: '1' })
      }
      const news = story.filter((entry) => entry.seq > told)
      if (!news.length) return
      const frame: FromServer = { t: 'ev', prev: told, items: news }
      told = news.at(-1)?.seq ?? told
      if (!lossy || chance() > 0.2) says(frame)
      if (lossy && chance() > 0.8) says(frame)
    }
    for (let step = 0; step < 12; step++) {
      const what = chance()
      if (what < 0.4) {
        written.push(`${step}`)
        chat.write(`${step}`)
      } else if (what < 0.6) {
        disconnect()
        up = false
        read = sent.length
      } else if (!up) hello()
      else serve(true)
      if (restarts() > restarted) {
        restarted = restarts()
        disconnect()
        up = false
      }
    }
    disconnect()
    hello()
    for (let n = 0; n < 40; n++) serve(false)
    assert.deepEqual(texts(), written, `round ${round}`)
    assert.deepEqual(story.map((entry) => (entry as { data: { text: string } }).data.text), written, `round ${round}`)
  }
})

test('what waits survives a reload, in order, and is sent then', () => {
  const before = stage()
  before.chat.write('one')
  before.clock.pass(5)
  before.chat.write('two')
  const after = stage({ storage: before.storage })
  assert.deepEqual(after.texts(), ['one', 'two'])
  after.connect()
  assert.equal(after.commands()[0]?.text, 'one')
  assert.equal(after.commands()[0]?.cid, 'cid-0-001')
})

test('what the server has is not sent again after a reload', () => {
  const before = stage()
  before.connect()
  before.chat.write('Hello')
  before.says({ t: 'ok', cid: before.commands()[0]?.cid as string, id: '1' })
  const after = stage({ storage: before.storage })
  after.connect()
  assert.deepEqual(after.commands(), [])
})

test('two tabs do not undo what the other keeps', () => {
  const one = stage()
  const other = stage({ storage: one.storage })
  one.clock.pass(1)
  one.chat.write('from one')
  other.clock.pass(2)
  other.chat.write('from the other')
  assert.deepEqual(stage({ storage: one.storage }).texts(), ['from one', 'from the other'])
})

test('rubbish in the storage is thrown away', () => {
  const storage = new FakeStorage()
  storage.setItem('chat:out:x', '{"cid":')
  storage.setItem('chat:out:y', '{"cid":"z","body":{"t":"send"}}')
  const { texts } = stage({ storage: storage as unknown as Storage })
  assert.deepEqual(texts(), [])
})

for (const [name, breaks] of [
  ['is full', { setItem: true }],
  ['is forbidden', { setItem: true, getItem: true, removeItem: true }],
] as const) {
  test(`a storage that ${name} loses nothing while the page lives`, () => {
    const storage = new FakeStorage()
    for (const method of Object.keys(breaks)) {
      Object.defineProperty(storage, method, {
        value: () => {
          throw new DOMException('no', 'QuotaExceededError')
        },
      })
    }
    const { chat, connect, says, commands, texts } = stage({ storage: storage as unknown as Storage })
    chat.write('one')
    connect()
    assert.equal(commands()[0]?.text, 'one')
    says({ t: 'ok', cid: commands()[0]?.cid as string, id: '1' })
    assert.deepEqual(texts(), ['one'])
  })
}

test('a hub that has no room is asked again after the time it names', () => {
  const { chat, clock, connect, says, commands } = stage()
  connect()
  chat.write('Hello')
  const cid = commands()[0]?.cid as string
  says({ t: 'err', cid, code: 'busy', retry_after: 2 })
  clock.pass(1_999)
  assert.equal(commands().length, 1)
  clock.pass(1)
  assert.equal(commands()[1]?.cid, cid)
})

test('a refusal for good shows its reason and holds nothing back; it can be tried again or taken away', () => {
  const { chat, connect, says, commands, texts } = stage()
  connect()
  chat.write('bad')
  chat.write('good')
  const cid = commands()[0]?.cid as string
  says({ t: 'err', cid, code: 'bad_file' })
  assert.equal(chat.state.items[0]?.state, 'failed')
  assert.equal(commands()[1]?.text, 'good')
  says({ t: 'ok', cid: commands()[1]?.cid as string, id: '1' })
  chat.retry(cid)
  assert.equal(commands()[2]?.cid, cid)
  says({ t: 'err', cid, code: 'bad_file' })
  chat.discard(cid)
  assert.deepEqual(texts(), ['good'])
})

test('the outbox has a bound, and says so', () => {
  const { chat } = stage()
  for (let n = 0; n < OUTBOX_LIMIT; n++) assert.ok(chat.write(`${n}`))
  assert.equal(chat.write('one more'), false)
})

test('nothing and too much are not sent, and half an emoji is mended', () => {
  const { chat, connect, commands } = stage()
  connect()
  assert.equal(chat.write('  \n'), false)
  assert.equal(chat.write('x'.repeat(10_001)), false)
  assert.ok(chat.write('cut \ud83d'))
  assert.equal(commands()[0]?.text, 'cut \ufffd')
})

test('edits and deletions change what was said', () => {
  const { chat, connect, says } = stage()
  connect([own(1, 'c', 'Helo'), own(2, 'd', 'secret')])
  says({ t: 'ev', prev: 2, items: [
    { seq: 3, at: 3, kind: 'edit', conv: 1, data: { cid: 'c', text: 'Hello' } },
    { seq: 4, at: 4, kind: 'delete', conv: 1, data: { cid: 'd' } },
  ] })
  const [edited, deleted] = chat.state.items
  assert.deepEqual([edited?.text, edited?.edited, deleted?.text, deleted?.deleted], ['Hello', true, undefined, true])
})

test('older pages come before, once for each request', () => {
  const { chat, connect, says, sent, texts } = stage()
  connect([answer(51, 'new')], 51)
  chat.older()
  chat.older()
  assert.equal(sent.filter((frame) => frame.t === 'older').length, 1)
  says({ t: 'older', items: [answer(1, 'old')], before: 0, last: 1 })
  chat.older()
  assert.deepEqual(texts(), ['old', 'new'])
  assert.equal(sent.filter((frame) => frame.t === 'older').length, 1)
})

test('a story that was reset replaces what was shown, but not what waits', () => {
  const { chat, connect, disconnect, texts } = stage()
  connect([answer(90, 'gone')])
  disconnect()
  chat.write('mine')
  connect([answer(2, 'other')])
  assert.deepEqual(texts(), ['other', 'mine'])
})

test('typing ends by itself, with the message, and with the connection', () => {
  const { chat, clock, connect, disconnect, says } = stage()
  connect()
  const typing: FromServer = { t: 'eph', kind: 'typing', name: 'Anna', ttl: 6 }
  says(typing)
  assert.equal(chat.state.typing, 'Anna')
  clock.pass(6_000)
  assert.equal(chat.state.typing, null)
  says(typing)
  says({ t: 'ev', prev: 0, items: [answer(1, 'Hi')] })
  assert.equal(chat.state.typing, null)
  says(typing)
  disconnect()
  assert.equal(chat.state.typing, null)
})

test('drafts go out now and then, bounded, and are cleared by sending', () => {
  const { chat, clock, connect, sent } = stage()
  connect()
  for (let n = 0; n < 30; n++) {
    chat.draft('x'.repeat(n * 50))
    clock.pass(100)
  }
  clock.pass(10_000)
  const drafts = () => sent.filter((frame) => frame.t === 'typing').map((frame) => frame.text as string)
  assert.ok(drafts().length <= 5, `${drafts().length} drafts in three seconds`)
  assert.equal(drafts().at(-1)?.length, 500)
  chat.write('done')
  clock.pass(10_000)
  assert.equal(drafts().at(-1), '')
})

test('unread counts what came while nobody looked, also over a reload', () => {
  const { chat, connect, says, storage, sent } = stage()
  connect([answer(1, 'old')])
  assert.equal(chat.state.unread, 0)
  says({ t: 'ev', prev: 1, items: [answer(2, 'new'), own(3, 'c', 'mine')] })
  assert.equal(chat.state.unread, 1)
  chat.look(true)
  assert.equal(chat.state.unread, 0)
  assert.deepEqual(sent.filter((frame) => frame.t === 'seen').map(({ id, state }) => [id, state]), [[1, 'delivered'], [2, 'delivered'], [2, 'read']])
  const later = stage({ storage })
  later.connect([answer(1, 'old'), answer(2, 'new'), answer(5, 'newer')])
  assert.equal(later.chat.state.unread, 1)
})

test('a token is worth keeping once there is something to come back to', () => {
  const { chat, connect, tokens } = stage()
  connect()
  assert.deepEqual(tokens, [])
  chat.write('Hello')
  assert.deepEqual(tokens, [TOKEN])
})

test('a token that is refused is dropped, and what waits goes into a new chat', () => {
  const { chat, connect, disconnect, sent, tokens, commands } = stage({ token: 'spoiled' })
  chat.write('Hello')
  chat.opened()
  assert.equal(chat.closed(4401), 'retry')
  disconnect()
  connect()
  assert.equal(sent.findLast((frame) => frame.t === 'hello')?.token, '')
  assert.ok(tokens.includes(''))
  assert.equal(commands()[0]?.text, 'Hello')
})

test('a site that is refused stops trying', () => {
  const { chat } = stage()
  assert.equal(chat.closed(4403), 'stop')
  assert.equal(chat.state.phase, 'refused')
  assert.equal(chat.closed(4429), 10_000)
})

test('a file is uploaded, shows how far it has come, and then is sent by its ticket', async () => {
  const shares: (number | undefined)[] = []
  const file: SentFile = { id: 'f'.repeat(64), name: 'a.txt', type: 'text/plain', size: 3, ticket: 't' }
  let finish: (file: SentFile) => void = () => {}
  const one = stage({
    upload: ((_file: File, token: string, progress: (share: number) => void) => {
      assert.equal(token, TOKEN)
      progress(0.5)
      return new Promise<SentFile>((resolve) => (finish = resolve))
    }) as never,
  })
  one.chat.subscribe(() => shares.push(one.chat.state.items[0]?.progress))
  one.chat.attach(new File(['abc'], 'a.txt', { type: 'text/plain' }))
  one.chat.write('and a text')
  one.connect()
  assert.ok(shares.includes(0.5))
  assert.deepEqual(one.commands().map((frame) => frame.text), ['and a text'], 'a text does not wait for a file')
  one.says({ t: 'ok', cid: one.commands()[0]?.cid as string, id: '1' })
  finish(file)
  await new Promise(setImmediate)
  assert.deepEqual(one.commands()[1]?.files, [file])
})

test('an upload that breaks off is tried again; one that is refused says why', async () => {
  const errors = [new UploadError('offline', true), new UploadError('too_large')]
  const { chat, clock, connect } = stage({ upload: async () => { throw errors.shift() } })
  connect()
  chat.attach(new File(['abc'], 'a.txt'))
  await new Promise(setImmediate)
  assert.equal(chat.state.items[0]?.state, 'waiting')
  clock.pass(4_000)
  await new Promise(setImmediate)
  assert.deepEqual([chat.state.items[0]?.state, chat.state.items[0]?.code], ['failed', 'too_large'])
})

test('a file over the limit is refused before a byte is sent', () => {
  const { chat, connect } = stage()
  connect()
  chat.attach(new File(['x'.repeat(1_001)], 'big.txt'))
  assert.deepEqual([chat.state.items[0]?.state, chat.state.items[0]?.code], ['failed', 'too_large'])
})

test('a rating shows as given until another one is asked for', () => {
  const { chat, connect, says, commands } = stage()
  connect([answer(1, 'How was it?', { ask: 'rating' })])
  chat.rate('like', 'kind')
  assert.equal(chat.state.rated, 'like')
  says({ t: 'ok', cid: commands()[0]?.cid as string, id: '' })
  assert.equal(chat.state.rated, 'like')
  says({ t: 'ev', prev: 1, items: [{ seq: 2, at: 2, kind: 'note', conv: 1, data: { what: 'rated', value: 'like' } }] })
  assert.equal(chat.state.rated, 'like')
  says({ t: 'ev', prev: 2, items: [answer(3, 'And now?', { ask: 'rating' })] })
  assert.equal(chat.state.rated, '')
})

test('a form that was filled in is not asked for again, not even after a reload; a refused one says which field', () => {
  const { chat, connect, says, commands, storage } = stage()
  connect()
  chat.fill({ email: 'nonsense' })
  says({ t: 'err', cid: commands()[0]?.cid as string, code: 'invalid:email' })
  assert.deepEqual([chat.state.formDone, chat.state.formError], [false, 'invalid:email'])
  chat.fill({ email: 'a@b.example' })
  assert.equal(chat.state.formError, '')
  says({ t: 'ok', cid: commands()[1]?.cid as string, id: '' })
  assert.equal(chat.state.formDone, true)
  assert.equal(stage({ storage }).chat.state.formDone, true)
})
