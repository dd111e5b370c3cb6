// The chat's page: puts the parts together.
import { render } from 'preact'
import { openWebSocket, Socket, systemClock } from '../../../../web/socket.ts'
import { framed, type FromSite, meet } from './bridge.ts'
import { palette } from './colour.ts'
import { Chat } from './core.ts'
import type { FromServer } from './protocol.ts'
import { openStore } from './store.ts'
import { choose, type Texts, Words } from './texts.ts'
import './theme.css'
import { App } from './ui/App.tsx'
import type { Config } from './ui/context.ts'
import { upload } from './upload.ts'

const config = JSON.parse(document.getElementById('config')?.textContent ?? '{}') as Config
const catalogs = import.meta.glob<string>('./locales/*.json', { query: '?url', import: 'default', eager: true })
const root = document.getElementById('app') as HTMLElement

dress()
void start()

// Colours through the object model: the page's policy forbids style in markup.
function dress(): void {
  const { brand, onBrand, inkLight, inkDark } = palette(config.colour)
  const { style } = document.documentElement
  for (const [name, value] of Object.entries({ brand, 'on-brand': onBrand, 'ink-light': inkLight, 'ink-dark': inkDark })) {
    style.setProperty(`--${name}`, value)
  }
  document.title = config.title
}

async function start(): Promise<void> {
  let opened = 0
  let open = true
  let hear: (said: FromSite) => void = () => {}
  const { tell, ...told } = await meet((said) => hear(said))
  open = told.open

  const wanted = told.lang !== 'auto' ? [told.lang] : config.auto ? navigator.languages : []
  const language = choose([...wanted, config.language])
  const texts: Texts = await (await fetch(catalogs[`./locales/${language}.json`] as string)).json()
  const words = new Words(language, texts)
  document.documentElement.lang = language

  const store = openStore(`openlines:${config.id}:${document.referrer && new URL(document.referrer).host}:`)
  // Inside a site the loader keeps the token. What is kept here belongs to whoever had it: after a logout, to nobody.
  const before = store.get('token') ?? ''
  let kept = framed ? told.token : before
  if (before && before !== kept) for (const key of store.keys('')) store.remove(key)
  // A proxy may let no WebSocket through: then every other try is a stream, until a socket has opened once.
  let tries = 0
  let streaming = false
  let socketWorks = false
  let Stream: typeof import('./stream.ts').Stream | undefined
  const connect = (url: string) => {
    tries += 1
    if (tries === 2 && !socketWorks) {
      import('./stream.ts').then(
        (found) => (Stream = found.Stream),
        () => (tries = 0), // the hub is away altogether
      )
    }
    streaming = !socketWorks && Stream !== undefined && tries % 2 === 1
    return streaming && Stream ? new Stream() : openWebSocket(url)
  }
  const socket: Socket = new Socket({
    url: 'socket',
    connect,
    heartbeat: 25_000,
    probe: { t: 'ping' },
    onOpen() {
      socketWorks ||= !streaming
      chat.opened()
    },
    onFrame: (frame) => chat.take(frame as FromServer),
    onState: (state) => chat.turned(state),
    onClose: (code) => chat.closed(code),
    page: window,
    document,
  })
  const keepToken = (token: string) => {
    if (token === kept) return
    kept = token
    store.set('token', token)
    tell({ ol: 'token', token })
  }
  const chat: Chat = new Chat(
    {
      line: socket,
      store,
      clock: systemClock,
      newId,
      upload,
      keepToken,
      dropToken: () => keepToken(''),
    },
    { token: kept, user: told.user, lang: navigator.language },
  )

  const look = () => chat.look(open && document.visibilityState === 'visible' && document.hasFocus())
  const draw = () => render(<App {...{ chat, words, config, opened }} onClose={() => tell({ ol: 'close' })} />, root)
  hear = (said) => {
    if (said.ol === 'user') chat.user = said.user
    if (said.ol === 'open') {
      open = said.open
      if (open && said.focus) opened += 1
      draw()
      look()
    }
  }
  for (const event of ['focus', 'blur', 'visibilitychange', 'pointerdown']) addEventListener(event, look)

  let unread = -1
  let lastSeq = -1
  chat.subscribe(() => {
    const { items, unread: now, ready } = chat.state
    if (now !== unread) {
      unread = now
      tell({ ol: 'unread', n: now, label: now ? words.n('unread', now) : '' })
    }
    const newest = items.findLast((item) => item.kind === 'msg' && item.seq !== Infinity)
    if (ready && newest && newest.seq > lastSeq) {
      if (lastSeq >= 0) tell({ ol: 'event', name: newest.from === 'me' ? 'sent' : 'message', text: newest.text ?? '' })
      lastSeq = newest.seq
    } else if (ready && lastSeq < 0) lastSeq = 0
  })

  if (open && told.focus) opened = 1
  draw()
  look()
  socket.start()
}

// `crypto.randomUUID` is there on secure pages only, and intranets are not all secure.
function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  const time = Date.now()
  for (let n = 0; n < 6; n++) bytes[n] = Math.floor(time / 2 ** (8 * (5 - n))) % 256
  bytes[6] = ((bytes[6] as number) & 15) | 0x70
  bytes[8] = ((bytes[8] as number) & 63) | 0x80
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
