// Stories of the socket that is made of requests.
import assert from 'node:assert/strict'
import { createServer, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { Stream } from '../src/stream.ts'

/** A hub that keeps what it is told, and whose stream the test feeds. */
async function hub(status = 200) {
  const asked: { path: string; lines: Record<string, unknown>[] }[] = []
  let stream: ServerResponse | undefined
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    asked.push({ path: request.url ?? '', lines: body.trim().split('\n').map((line) => JSON.parse(line)) })
    response.writeHead(status)
    if (request.url === '/stream' && status === 200) {
      stream = response
      response.write('data: {"t":"welcome","token":"secret"}\n\n')
    } else response.end('{"t":"ok","cid":"c"}\n')
  })
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
  const { port } = server.address() as { port: number }
  const real = globalThis.fetch
  globalThis.fetch = ((path: string, init: RequestInit) => real(`http://127.0.0.1:${port}/${path}`, init)) as typeof fetch
  return {
    asked,
    feed: (text: string) => stream?.write(text),
    [Symbol.dispose]() {
      globalThis.fetch = real
      server.closeAllConnections()
      server.close()
    },
  }
}

function listen(stream: Stream) {
  const heard: string[] = []
  const waiting: (() => void)[] = []
  const note = (what: string) => {
    heard.push(what)
    for (const wake of waiting.splice(0)) wake()
  }
  stream.onopen = () => note('open')
  stream.onmessage = (event) => note((event as { data: string }).data)
  stream.onclose = (event) => note(`closed ${(event as { code: number }).code}`)
  const until = async (count: number) => {
    while (heard.length < count) await new Promise<void>((wake) => waiting.push(wake))
  }
  return { heard, until }
}

test('it opens, brings frames as they come, whole, and sends with the token that the welcome gave', async () => {
  using there = await hub()
  const stream = new Stream()
  const { heard, until } = listen(stream)
  await until(1)
  stream.send('{"t":"hello","token":"","after":7}')
  await until(2)
  there.feed('data: {"t":"e')
  there.feed('v"}\n\ndata: {"t":"beat"}\n\n')
  await until(4)
  stream.send('{"t":"send","cid":"c"}')
  await until(5)
  assert.deepEqual(heard, ['open', '{"t":"welcome","token":"secret"}', '{"t":"ev"}', '{"t":"beat"}', '{"t":"ok","cid":"c"}'])
  assert.deepEqual(there.asked, [
    { path: '/stream', lines: [{ t: 'hello', token: '', after: 7 }] },
    { path: '/commands', lines: [{ t: 'hello', token: 'secret', after: 0 }, { t: 'send', cid: 'c' }] },
  ])
  stream.close()
})

test('what the hub says at the end is the code that it closes with, once', async () => {
  using there = await hub()
  const stream = new Stream()
  const { heard, until } = listen(stream)
  await until(1)
  stream.send('{"t":"hello"}')
  await until(2)
  there.feed('data: {"t":"close","code":4403}\n\ndata: {"t":"ev"}\n\n')
  await until(3)
  await new Promise(setImmediate)
  assert.equal(heard[2], 'closed 4403')
  assert.equal(heard.length, 3)
})

test('a hub that refuses is a connection lost', async () => {
  using _ = await hub(503)
  const stream = new Stream()
  const { heard, until } = listen(stream)
  await until(1)
  stream.send('{"t":"hello"}')
  await until(2)
  assert.equal(heard[1], 'closed 1006')
})

test('one that was closed says nothing more', async () => {
  using there = await hub()
  const stream = new Stream()
  const { heard, until } = listen(stream)
  await until(1)
  stream.send('{"t":"hello"}')
  await until(2)
  stream.close()
  there.feed('data: {"t":"ev"}\n\n')
  await new Promise(setImmediate)
  assert.equal(heard.length, 2)
  assert.equal(stream.readyState, 3)
})
