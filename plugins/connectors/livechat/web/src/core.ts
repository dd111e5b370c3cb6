// The chat without a screen: what was said, what still has to be sent, how the connection stands.
// No framework and no browser in here: the socket, the clock, the storage and the upload are lent.
//
// - What is shown as said comes from the server's story, in its order. Each frame names the entry before it (`prev`):
//   a frame that does not follow is a loss, and the story is asked for again from the last entry seen.
// - What the visitor sends waits in the outbox until the server has it. Its `cid` makes sending it twice harmless, so
//   after a loss everything that was not answered is simply sent again, one at a time, in order.
import type { Clock, SocketState } from '../../../../web/socket.ts'
import { type Body, CLOSE, type FromServer, type Limits, type MessageData, type Page, type SentFile, type Shown, type User, type What } from './protocol.ts'
import type { Store } from './store.ts'

export interface Item extends Partial<MessageData> {
  /** The same before and after the server has it, so that nothing on the screen is made anew. */
  key: string
  seq: number
  at: number
  kind: 'msg' | 'note'
  what?: What
  value?: string
  edited?: boolean
  deleted?: boolean
  /** Of what the visitor sends: underway, taken by the server, refused. */
  state?: 'waiting' | 'sent' | 'failed'
  code?: string
  /** 0 to 1 while a file is on its way. */
  progress?: number
}

export interface State {
  phase: 'connecting' | 'online' | 'offline' | 'refused'
  /** The first welcome came: what is shown is what there is. */
  ready: boolean
  items: readonly Item[]
  /** Where older entries begin; 0 = there are none. */
  before: number
  typing: string | null
  unread: number
  formDone: boolean
  /** Why the form was refused: `invalid:email`, ... */
  formError: string
  /** The value of the rating given last, until another one is asked for. */
  rated: string
  limits: Limits
}

export interface Line {
  send(frame: unknown): boolean
  restart(): void
}

export interface Lent {
  line: Line
  store: Store
  clock: Clock
  newId(): string
  upload(file: File, token: string, progress: (share: number) => void): Promise<SentFile>
  /** The visitor has something to come back to: the token is worth keeping. */
  keepToken(token: string): void
  dropToken(): void
}

/** Thrown by `upload`; with `again` it may work another time. */
export class UploadError extends Error {
  readonly code: string
  readonly again: boolean
  constructor(code: string, again = false) {
    super(code)
    this.code = code
    this.again = again
  }
}

interface Waiting {
  cid: string
  at: number
  body: Body
  state: 'waiting' | 'sent' | 'failed'
  code?: string
  file?: File
  progress?: number
  preview?: string
}

export const OUTBOX_LIMIT = 50
const OUTBOX = 'out:'
const DRAFT_PAUSE = 700
const UPLOAD_PAUSE = 4_000

export class Chat {
  state: State = {
    phase: 'connecting',
    ready: false,
    items: [],
    before: 0,
    typing: null,
    unread: 0,
    formDone: false,
    formError: '',
    rated: '',
    limits: { text: 10_000, draft: 500, file: 0, files: 10 },
  }
  token: string
  user: User
  readonly lang: string
  readonly #lent: Lent
  readonly #listeners = new Set<() => void>()
  #said: Item[] = []
  #outbox: Waiting[] = []
  #last = 0
  #flying: string | null = null
  #retryTimer: unknown = null
  #typingTimer: unknown = null
  #draft = { text: '', sent: '', timer: null as unknown }
  #seen = { delivered: 0, read: 0 }
  #readSeq: number
  #visible = false
  #askedBefore = 0
  #rated = { value: '', asked: 0 }

  constructor(lent: Lent, told: { token?: string; user?: User; lang?: string } = {}) {
    this.#lent = lent
    this.token = told.token ?? ''
    this.user = told.user ?? {}
    this.lang = told.lang ?? ''
    this.#readSeq = Number(lent.store.get('read') ?? -1)
    this.#outbox = this.#restore()
    this.state = { ...this.state, formDone: lent.store.get('form') === '1' }
    this.#show()
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  // -- the connection ---------------------------------------------------------------------------------------------

  /** The socket is open. */
  opened(): void {
    this.#flying = null
    const hello = { t: 'hello', v: 1, token: this.token, after: this.#last, lang: this.lang, user: this.user }
    this.#lent.line.send(hello)
  }

  turned(socket: SocketState): void {
    if (socket === 'waiting') this.#show({ phase: 'offline', typing: null })
    if (socket === 'connecting' && this.state.phase !== 'offline') this.#show({ phase: 'connecting' })
  }

  closed(code: number): 'retry' | 'stop' | number {
    if (code === CLOSE.token) {
      this.token = ''
      this.#last = 0
      this.#said = []
      this.#lent.dropToken()
    }
    if (code === CLOSE.origin) {
      this.#show({ phase: 'refused' })
      return 'stop'
    }
    return code === CLOSE.slow ? 10_000 : 'retry'
  }

  take(frame: FromServer): void {
    switch (frame.t) {
      case 'welcome':
        this.#welcome(frame)
        break
      case 'ev':
        this.#apply(frame.prev, frame.items)
        break
      case 'older':
        this.#prepend(frame)
        break
      case 'eph':
        this.#typing(frame.name, frame.ttl)
        break
      case 'ok':
        this.#answered(frame.cid)
        break
      case 'err':
        this.#refused(frame.cid, frame.code, frame.retry_after ?? 0)
        break
    }
  }

  #welcome(frame: FromServer & { t: 'welcome' }): void {
    this.token = frame.token
    if (frame.history) {
      this.#said = []
      this.#last = frame.history.last
      for (const entry of frame.history.items) this.#add(entry)
      this.#readSeq = this.#readSeq < 0 ? this.#last : Math.min(this.#readSeq, this.#last)
    }
    const before = frame.history ? frame.history.before : this.state.before
    this.#askedBefore = 0
    if (this.#said.length || this.#outbox.length) this.#lent.keepToken(this.token)
    this.#show({ phase: 'online', ready: true, limits: frame.limits, before })
    this.#report()
    this.#flush()
    for (const waiting of this.#outbox) if (waiting.file && waiting.state === 'waiting') void this.#upload(waiting)
  }

  #apply(prev: number, entries: Shown[]): void {
    const fresh = entries.filter((entry) => entry.seq > this.#last)
    if (!fresh.length) return
    if (prev > this.#last) {
      this.#lent.line.restart()
      return
    }
    for (const entry of fresh) {
      this.#last = entry.seq
      this.#add(entry)
      if (entry.kind === 'msg' && entry.data.from !== 'me') this.#typing('', 0)
    }
    this.#show()
    this.#report()
    this.#flush()
  }

  #prepend(page: Page): void {
    const now = this.#said
    this.#said = []
    for (const entry of page.items) this.#add(entry)
    this.#said.push(...now)
    this.#show({ before: page.before })
  }

  #add(entry: Shown): void {
    const { seq, at } = entry
    switch (entry.kind) {
      case 'msg': {
        const { cid, id } = entry.data
        const key = cid || `m${id}`
        if (cid) this.#drop(cid)
        this.#said.push({ key, seq, at, kind: 'msg', ...entry.data })
        break
      }
      case 'edit':
        this.#said = this.#said.map((item) => (item.cid === entry.data.cid ? { ...item, ...entry.data, edited: true } : item))
        break
      case 'delete':
        this.#said = this.#said.map((item) => (item.cid === entry.data.cid ? { key: item.key, seq: item.seq, at: item.at, kind: 'msg', from: 'me', deleted: true } : item))
        break
      case 'note':
        this.#said.push({ key: `n${seq}`, seq, at, kind: 'note', ...entry.data })
        break
    }
  }

  // -- what the visitor sends -------------------------------------------------------------------------------------

  /** Sends a text; false where it cannot even wait (empty, too long, fifty are waiting). */
  write(text: string): boolean {
    const said = text.toWellFormed().trim()
    if (!said || said.length > this.state.limits.text) return false
    this.draft('')
    return this.#enqueue({ t: 'send', text: said })
  }

  /** Sends a file; its upload begins as soon as there is a connection. */
  attach(file: File): boolean {
    const preview = file.type.startsWith('image/') ? URL.createObjectURL(file) : ''
    const refused = this.state.ready && file.size > this.state.limits.file
    return this.#enqueue({ t: 'send', text: '' }, { file, preview, ...(refused && { state: 'failed', code: 'too_large' }) })
  }

  rate(value: 'like' | 'dislike', comment: string): void {
    this.#rated = { value, asked: asked(this.#said) }
    this.#enqueue({ t: 'rate', value, comment: comment.toWellFormed() })
  }

  fill(fields: Record<string, string>): void {
    this.#show({ formError: '' })
    this.#enqueue({ t: 'form', fields })
  }

  /** Tries a failed one again. */
  retry(cid: string): void {
    const waiting = this.#outbox.find((one) => one.cid === cid)
    if (!waiting) return
    this.#change(waiting, { state: 'waiting', code: '' })
    if (waiting.file) void this.#upload(waiting)
    this.#flush()
  }

  discard(cid: string): void {
    this.#drop(cid)
    this.#show()
    this.#flush()
  }

  /** What stands in the composer; agents may see it while it is written. */
  draft(text: string): void {
    this.#draft.text = text.toWellFormed().slice(0, this.state.limits.draft).toWellFormed()
    if (this.#draft.timer !== null) return
    const send = () => {
      this.#draft.timer = null
      if (this.#draft.text === this.#draft.sent || this.state.phase !== 'online') return
      this.#draft.sent = this.#draft.text
      this.#lent.line.send({ t: 'typing', text: this.#draft.text })
      this.#draft.timer = this.#lent.clock.after(DRAFT_PAUSE, send)
    }
    this.#draft.timer = this.#lent.clock.after(DRAFT_PAUSE, send)
  }

  /** Whether the visitor looks at the chat. */
  look(visible: boolean): void {
    this.#visible = visible
    this.#report()
  }

  older(): void {
    const { before } = this.state
    if (!before || this.#askedBefore === before) return
    if (this.#lent.line.send({ t: 'older', before })) this.#askedBefore = before
  }

  #enqueue(body: Body, more: Partial<Waiting> = {}): boolean {
    if (this.#outbox.filter((one) => one.state !== 'sent').length >= OUTBOX_LIMIT) return false
    const waiting: Waiting = { cid: this.#lent.newId(), at: this.#lent.clock.now() / 1000, body, state: 'waiting', ...more }
    this.#outbox.push(waiting)
    this.#keep(waiting)
    if (this.token) this.#lent.keepToken(this.token)
    this.#show()
    if (waiting.file && waiting.state === 'waiting') void this.#upload(waiting)
    this.#flush()
    return true
  }

  #flush(): void {
    if (this.state.phase !== 'online' || this.#flying || this.#retryTimer !== null) return
    const next = this.#outbox.find((one) => one.state === 'waiting' && !one.file)
    if (next && this.#lent.line.send({ ...next.body, cid: next.cid })) this.#flying = next.cid
  }

  #answered(cid: string): void {
    if (this.#flying === cid) this.#flying = null
    const waiting = this.#outbox.find((one) => one.cid === cid)
    if (waiting?.body.t === 'send') {
      this.#change(waiting, { state: 'sent' }) // on the screen until the story has it
      this.#lent.store.remove(OUTBOX + cid)
    } else if (waiting) {
      this.#drop(cid)
      if (waiting.body.t === 'form') {
        this.#lent.store.set('form', '1')
        this.#show({ formDone: true })
      }
    }
    this.#show()
    this.#flush()
  }

  #refused(cid: string, code: string, again: number): void {
    if (this.#flying === cid) this.#flying = null
    const waiting = this.#outbox.find((one) => one.cid === cid)
    if (again > 0) {
      this.#retryTimer ??= this.#lent.clock.after(again * 1000, () => {
        this.#retryTimer = null
        this.#flush()
      })
    } else if (waiting?.body.t === 'send') {
      this.#change(waiting, { state: 'failed', code })
    } else if (waiting) {
      this.#drop(cid)
      if (waiting.body.t === 'rate') this.#rated.value = ''
      this.#show(waiting.body.t === 'form' ? { formError: code } : {})
    }
    this.#flush()
  }

  async #upload(waiting: Waiting): Promise<void> {
    const { file } = waiting
    if (!file || waiting.progress !== undefined || !this.token) return
    this.#change(waiting, { progress: 0 })
    try {
      const sent = await this.#lent.upload(file, this.token, (progress) => this.#change(waiting, { progress }))
      delete waiting.file
      delete waiting.progress
      this.#change(waiting, { body: { t: 'send', text: '', files: [sent] } })
      this.#keep(waiting)
    } catch (error) {
      delete waiting.progress
      const { code, again } = error instanceof UploadError ? error : new UploadError('failed')
      if (!again) this.#change(waiting, { state: 'failed', code })
      else this.#lent.clock.after(UPLOAD_PAUSE, () => void this.#upload(waiting))
    }
    this.#flush()
  }

  #change(waiting: Waiting, change: Partial<Waiting>): void {
    Object.assign(waiting, change)
    this.#show()
  }

  #drop(cid: string): void {
    if (this.#flying === cid) this.#flying = null
    const preview = this.#outbox.find((one) => one.cid === cid)?.preview
    if (preview) URL.revokeObjectURL(preview)
    this.#outbox = this.#outbox.filter((one) => one.cid !== cid)
    this.#lent.store.remove(OUTBOX + cid)
  }

  // One key each: tabs that write at once do not undo each other. Files are kept once they are uploaded.
  #keep({ cid, at, body, file }: Waiting): void {
    if (!file) this.#lent.store.set(OUTBOX + cid, JSON.stringify({ cid, at, body }))
  }

  #restore(): Waiting[] {
    const found: Waiting[] = []
    for (const key of this.#lent.store.keys(OUTBOX)) {
      try {
        const { cid, at, body } = JSON.parse(this.#lent.store.get(key) ?? '') as Waiting
        if (OUTBOX + cid === key && typeof body.t === 'string') found.push({ cid, at, body, state: 'waiting' })
      } catch {
        this.#lent.store.remove(key)
      }
    }
    return found.sort((a, b) => a.at - b.at).slice(0, OUTBOX_LIMIT)
  }

  // -- what the screen shows --------------------------------------------------------------------------------------

  #typing(name: string, seconds: number): void {
    if (this.#typingTimer !== null) this.#lent.clock.cancel(this.#typingTimer)
    this.#typingTimer = null
    if (seconds > 0) this.#typingTimer = this.#lent.clock.after(seconds * 1000, () => this.#typing('', 0))
    const typing = seconds > 0 ? name : null
    if (typing !== this.state.typing) this.#show({ typing })
  }

  // Tells how far the visitor has seen the story, once for each further step.
  #report(): void {
    const theirs = this.#said.filter((item) => item.kind === 'msg' && item.from !== 'me' && item.id)
    const id = theirs.reduce((highest, item) => Math.max(highest, item.id ?? 0), 0)
    const state = this.#visible ? 'read' : 'delivered'
    if (this.state.phase === 'online' && id > Math.max(this.#seen[state], this.#seen.read)) {
      if (this.#lent.line.send({ t: 'seen', id, state })) this.#seen[state] = id
    }
    if (this.#visible && this.#last > this.#readSeq) {
      this.#readSeq = this.#last
      this.#lent.store.set('read', String(this.#last))
    }
    const unread = theirs.filter((item) => item.seq > this.#readSeq).length
    if (unread !== this.state.unread) this.#show({ unread })
  }

  #show(change: Partial<State> = {}): void {
    const waiting = this.#outbox.flatMap((one) => shown(one))
    const own = this.#rated.asked === asked(this.#said) ? this.#rated.value : ''
    const rated = ratedSince(this.#said) ?? own
    this.state = { ...this.state, ...change, rated, items: [...this.#said, ...waiting] }
    for (const listener of this.#listeners) listener()
  }
}

function shown(one: Waiting): Item[] {
  const { cid, at, body, state } = one
  if (body.t !== 'send') return []
  const file = one.file ?? body.files?.[0]
  const item: Item = { key: cid, cid, seq: Infinity, at, kind: 'msg', from: 'me', text: body.text, state, code: one.code ?? '' }
  if (file) item.files = [{ name: file.name, type: file.type, size: file.size, url: one.preview ?? '' }]
  if (one.progress !== undefined) item.progress = one.progress
  return [item]
}

function asked(items: readonly Item[]): number {
  return items.filter((item) => item.ask === 'rating').length
}

// The rating given since the last time one was asked for; undefined = none.
function ratedSince(items: readonly Item[]): string | undefined {
  for (let n = items.length - 1; n >= 0; n--) {
    const item = items[n] as Item
    if (item.what === 'rated') return item.value || 'like'
    if (item.ask === 'rating') return undefined
  }
  return undefined
}
