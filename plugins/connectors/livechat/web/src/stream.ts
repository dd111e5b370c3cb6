// A socket made of requests, for networks that let no WebSocket through: one long answer brings the hub's frames as
// events, short requests bring the visitor's. To whoever uses it it is a socket like any other.
import type { Wire } from '../../../../web/socket.ts'

const LINES = 'application/x-ndjson'

export class Stream implements Wire {
  readyState = 0
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null
  #hello: Record<string, unknown> | null = null
  readonly #stop = new AbortController()
  #sent: Promise<unknown> = Promise.resolve()

  constructor() {
    // Opens when somebody listens; the first frame, the hello, makes the request.
    setTimeout(() => {
      if (this.readyState !== 0) return
      this.readyState = 1
      this.onopen?.({} as never)
    })
  }

  send(data: string): void {
    if (this.#hello) {
      const hello = JSON.stringify({ ...this.#hello, after: 0 })
      this.#sent = this.#sent.then(() => this.#ask('commands', `${hello}\n${data}\n`)) // in order, as a socket would
    } else {
      this.#hello = JSON.parse(data)
      void this.#ask('stream', `${data}\n`).then(() => this.#end(1006))
    }
  }

  close(): void {
    this.readyState = 3
    this.#stop.abort()
  }

  async #ask(path: string, body: string): Promise<void> {
    try {
      const answer = await fetch(path, { method: 'POST', body, signal: this.#stop.signal, headers: { 'Content-Type': LINES, Accept: path === 'stream' ? 'text/event-stream' : LINES } })
      if (!answer.ok || !answer.body) throw answer.status
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      for (let rest = ''; ; ) {
        const { value, done } = await reader.read()
        if (done) break
        const lines = (rest + value).split('\n')
        rest = lines.pop() as string
        // An event is one line here: `data: ` and the frame, then an empty one.
        for (const line of lines) if (line) this.#take(line.replace(/^data: /, ''))
      }
    } catch {
      this.#end(1006)
    }
  }

  #take(line: string): void {
    const frame = JSON.parse(line)
    if (frame.t === 'close') this.#end(frame.code)
    else if (this.readyState === 1) {
      if (frame.t === 'welcome') this.#hello = { ...this.#hello, token: frame.token }
      this.onmessage?.({ data: line } as never)
    }
  }

  #end(code: number): void {
    if (this.readyState === 3) return
    this.close()
    this.onclose?.({ code, reason: '' } as never)
  }
}
