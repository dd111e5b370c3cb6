// What a site embeds: <script async src="https://hub.example/chat/site/loader.js"></script>
//
// It paints the launcher, loads the chat's frame when the visitor shows interest (or has a chat already), keeps the
// visitor's token, and gives the site `openlines('open')`. No framework, no inline style: strict sites may embed it.

interface Config {
  id: string
  title: string
  colour: string
  side: 'left' | 'right'
  /** Outside hours: only who has a chat already sees the launcher. */
  hidden: boolean
}
interface User {
  name?: string
  email?: string
  phone?: string
}
interface Options extends Partial<Config> {
  user?: User
  lang?: string
  hideLauncher?: boolean
}
type Listener = (detail?: unknown) => void
type Api = ((command: string, ...args: never[]) => void) & { q?: unknown[][] }

export {} // a module to the type checker; what is built is one plain script

declare const __OPENLINES_CONFIG__: Config // the server puts the channel's settings here
declare global {
  interface Window {
    openlines?: Api
    openlinesSettings?: Options
  }
}

const script = document.currentScript as HTMLScriptElement
const base = new URL('.', script.src)
const options: Options = window.openlinesSettings ?? {}
const config: Config & Options = { ...__OPENLINES_CONFIG__, ...options }
const key = `openlines:${config.id}`
let user: User = options.user ?? {}
let open = false
let byHand = false // the visitor opened it: only then may the cursor move into it
let ready = false
let frame: HTMLIFrameElement | undefined
const listeners: Record<string, Listener[]> = {}

const CHAT = 'M12 3C6.5 3 2 6.8 2 11.5c0 2.5 1.3 4.7 3.3 6.3-.1 1-.6 2.2-1.6 3.2 1.9-.1 3.6-.9 4.8-1.8 1.1.3 2.3.5 3.5.5 5.5 0 10-3.7 10-8.2S17.5 3 12 3z'
const CROSS = 'M6.4 5 5 6.4l5.6 5.6L5 17.6 6.4 19l5.6-5.6 5.6 5.6 1.4-1.4-5.6-5.6L19 6.4 17.6 5 12 10.6z'

// Storage may be forbidden, and then the chat lasts as long as the page.
const memory: Record<string, string> = {}
const keep = (name: string, value: string, area = () => localStorage) => {
  memory[name] = value
  try {
    if (value) area().setItem(name, value)
    else area().removeItem(name)
  } catch {}
}
const kept = (name: string, area = () => localStorage): string => {
  try {
    return memory[name] ?? area().getItem(name) ?? ''
  } catch {
    return memory[name] ?? ''
  }
}

const css = (colour: string, text: string, side: string) => `
:host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset-block-end:0!important;${side}:0!important;
  font:600 13px/1 system-ui,sans-serif!important;color-scheme:light dark!important}
@media print{:host{display:none!important}}
button{all:unset;box-sizing:border-box;position:fixed;z-index:1;bottom:20px;${side}:20px;width:60px;height:60px;border-radius:50%;cursor:pointer;
  background:${colour};color:${text};display:grid;place-items:center;box-shadow:0 6px 24px #0003,0 1px 4px #0003;transition:transform .18s,box-shadow .18s}
button:hover{transform:translateY(-2px);box-shadow:0 10px 30px #0004,0 2px 6px #0003}
button:active{transform:scale(.96)}
button:focus-visible{outline:3px solid ${colour};outline-offset:3px}
svg{width:28px;height:28px;fill:currentColor;grid-area:1/1;transition:opacity .18s,transform .18s}
svg+svg,.open svg{opacity:0;transform:rotate(-45deg) scale(.6)}
.open svg+svg{opacity:1;transform:none}
span{position:absolute;top:-4px;${side === 'right' ? 'left' : 'right'}:-4px;min-width:22px;height:22px;padding:0 6px;box-sizing:border-box;border-radius:11px;
  background:#c8102e;color:#fff;display:grid;place-items:center;box-shadow:0 0 0 2px #fff}
span:empty{display:none}
iframe{position:fixed;bottom:92px;${side}:20px;width:400px;height:min(700px,calc(100vh - 112px));height:min(700px,calc(100dvh - 112px));max-width:calc(100vw - 40px);
  border:0;border-radius:20px;box-shadow:0 20px 60px #0003,0 2px 10px #0002;background:#fff;visibility:hidden;opacity:0;transform:translateY(12px) scale(.98);
  transform-origin:bottom ${side};transition:opacity .18s,transform .18s,visibility 0s .18s}
.open iframe{visibility:visible;opacity:1;transform:none;transition-delay:0s}
@media (prefers-color-scheme:dark){iframe{background:#1c1e26}}
@media (max-width:480px),(max-height:480px){
  iframe{inset:0;width:100%;height:100%;max-width:none;border-radius:0}
  .open.ready button{display:none}
}
@media (prefers-reduced-motion:reduce){*{transition:none!important}}
@media (forced-colors:active){button{border:2px solid}}
.bare button,.gone{display:none}`

const host = document.createElement('openlines-chat')
const shadow = host.attachShadow({ mode: 'open' })
const root = document.createElement('div')
const button = document.createElement('button')
const badge = document.createElement('span')

function paint(): void {
  const text = css(config.colour, readable(config.colour), config.side)
  try {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(text)
    shadow.adoptedStyleSheets = [sheet]
  } catch {
    const style = document.createElement('style') // browsers before 2023
    style.textContent = text
    shadow.append(style)
  }
  button.type = 'button'
  button.setAttribute('aria-haspopup', 'dialog')
  button.append(icon(CHAT), icon(CROSS), badge)
  button.onclick = () => turn(!open, true)
  // Whoever comes near is likely to open it: the frame has a moment's start.
  button.onpointerenter = button.onfocus = load
  root.append(button)
  shadow.append(root)
  label()
  classes()
}

function label(text = config.title): void {
  button.setAttribute('aria-label', text)
  button.setAttribute('aria-expanded', `${open}`)
}

function classes(): void {
  const hidden = config.hidden && !kept(key) && !open
  root.className = `${open ? 'open ' : ''}${ready ? 'ready ' : ''}${config.hideLauncher ? 'bare ' : ''}${hidden ? 'gone' : ''}`
}

function icon(path: string): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg')
  const shape = document.createElementNS('http://www.w3.org/2000/svg', 'path')
  svg.setAttribute('viewBox', '0 0 24 24')
  svg.setAttribute('aria-hidden', 'true')
  shape.setAttribute('d', path)
  svg.append(shape)
  return svg
}

// White or nearly black, whichever reads better on the colour.
function readable(colour: string): string {
  const [r, g, b] = [1, 3, 5].map((at) => (Number.parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2) as [number, number, number]
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.19 ? '#11141c' : '#fff'
}

function load(): void {
  if (frame) return
  frame = document.createElement('iframe')
  frame.title = config.title
  frame.allow = 'clipboard-write'
  frame.src = base.href
  root.append(frame)
}

function say(what: object): void {
  frame?.contentWindow?.postMessage(what, base.origin)
}

function turn(to: boolean, byVisitor = false): void {
  load()
  const was = open
  open = to
  byHand = byVisitor
  keep(`${key}:open`, to ? '1' : '', () => sessionStorage)
  classes()
  label()
  say({ ol: 'open', open, focus: byVisitor })
  if (open && byVisitor) frame?.focus()
  fit()
  if (was && !open) button.focus({ preventScroll: true })
  if (was !== open) tell(open ? 'open' : 'close')
}

function tell(event: string, detail?: unknown): void {
  for (const listener of listeners[event] ?? []) listener(detail)
}

function hear({ source, origin, data }: MessageEvent): void {
  if (!frame || source !== frame.contentWindow || origin !== base.origin || typeof data?.ol !== 'string') return
  if (data.ol === 'ready') {
    ready = true
    classes()
    const lang = config.lang ?? script.dataset.lang ?? 'auto'
    say({ ol: 'init', token: kept(key), lang, user, open, focus: byHand })
  } else if (data.ol === 'token') {
    keep(key, data.token)
    classes()
  } else if (data.ol === 'unread') {
    badge.textContent = data.n > 99 ? '99+' : data.n ? `${data.n}` : ''
    label(data.n ? `${config.title}, ${data.label}` : config.title)
    tell('unread', data.n)
  } else if (data.ol === 'close') {
    turn(false)
  } else if (data.ol === 'event') {
    tell(data.name, data.text)
  }
}

// On a phone the keyboard covers a part of the window, and only the site's own page is told how much.
function fit(): void {
  const seen = window.visualViewport
  if (!frame || !seen) return
  const covered = open && seen.scale === 1 && innerHeight - seen.height > 80 && matchMedia('(max-width: 480px)').matches
  frame.style.height = covered ? `${seen.height}px` : ''
  frame.style.top = covered ? `${seen.offsetTop}px` : ''
}

function unload(): void {
  frame?.remove()
  frame = undefined
  ready = open = false
  badge.textContent = ''
  classes()
  label()
}

const commands: Record<string, (...args: never[]) => void> = {
  open: () => turn(true, true),
  close: () => turn(false),
  toggle: () => turn(!open, true),
  identify: (who: User) => {
    user = { ...who }
    say({ ol: 'user', user })
  },
  on: (event: string, listener: Listener) => void (listeners[event] ??= []).push(listener),
  // Another person sits down: the chat of the one before is theirs alone.
  logout: () => {
    keep(key, '')
    user = {}
    unload()
  },
  destroy: () => {
    unload()
    window.removeEventListener('message', hear)
    host.remove()
    delete window.openlines
  },
}

function start(): void {
  paint()
  document.body.append(host)
  window.addEventListener('message', hear)
  for (const event of ['resize', 'scroll']) window.visualViewport?.addEventListener(event, fit)
  const queue = window.openlines?.q ?? []
  const api: Api = (command, ...args) => {
    const run = commands[command]
    if (run) run(...args)
    else console.warn(`openlines: there is no command ${command}; there are ${Object.keys(commands).join(', ')}`)
  }
  window.openlines = api
  for (const call of queue) api(...(call as [string, ...never[]]))
  const wide = matchMedia('(min-width: 481px)').matches
  if (wide && kept(`${key}:open`, () => sessionStorage)) turn(true)
  // Somebody with a chat wants to see what was answered, but not at the price of the page's own start.
  else if (kept(key)) (window.requestIdleCallback ?? setTimeout)(load)
}

// A second copy of the script would be a second launcher.
if (!document.querySelector('openlines-chat')) {
  if (document.body) start()
  else document.addEventListener('DOMContentLoaded', start)
}
