// A person or a channel, at a glance. The name stands in words beside it, so both are hidden from screen readers.

import type { AgentOut } from '../api.ts'
import { initials } from '../format.ts'
import style from './Face.module.css'

// Each pair has a contrast of at least 4.5 to 1, in both themes.
const PAINTS = ['#dbe4ff', '#d3f0e2', '#ffe3cf', '#f3dcf5', '#d8eef7', '#fbe4e4', '#e9ecd0', '#e4defc'] as const

export function Face({ name, photo = '', size = 38 }: { name: string; photo?: string; size?: number }) {
  const paint = PAINTS[hash(name) % PAINTS.length]!
  return (
    <span aria-hidden="true" className={style.face} style={{ width: size, height: size, background: paint, fontSize: size * 0.36 }}>
      {ours(photo) ? <img src={photo} alt="" className={style.photo} /> : initials(name)}
    </span>
  )
}

/** Anna, with a dot that says whether she is there; the words for it are the caller's. */
export function AgentFace({ agent, size = 28 }: { agent: Pick<AgentOut, 'name' | 'photo' | 'available'>; size?: number }) {
  return (
    <span className={style.holder}>
      <Face name={agent.name} photo={agent.photo} size={size} />
      <span aria-hidden="true" className={style.dot} data-on={agent.available} />
    </span>
  )
}

const KINDS: Record<string, { mark: string; paint: string }> = {
  livechat: { mark: 'W', paint: '#364fc7' },
  telegram: { mark: 'T', paint: '#0b6aa8' },
  whatsapp: { mark: 'W', paint: '#12703c' },
  viber: { mark: 'V', paint: '#5f3dc4' },
  vk: { mark: 'VK', paint: '#1c5fb0' },
  email: { mark: '@', paint: '#495057' },
  instagram: { mark: 'I', paint: '#a61e4d' },
  messenger: { mark: 'M', paint: '#1864ab' },
  max: { mark: 'M', paint: '#5f3dc4' },
  avito: { mark: 'A', paint: '#0b7285' },
}

export function CustomerFace({ name, kind, size = 40 }: { name: string; kind: string; size?: number }) {
  const { mark, paint } = KINDS[kind] ?? { mark: kind.slice(0, 1).toUpperCase() || '?', paint: '#495057' }
  return (
    <span className={style.holder}>
      <Face name={name} size={size} />
      <span aria-hidden="true" className={style.channel} style={{ background: paint }}>
        {mark}
      </span>
    </span>
  )
}

/** Pictures of other hosts are not shown: they would learn who reads what, and the page's policy forbids them. */
function ours(photo: string): boolean {
  return photo.startsWith('/') && !photo.startsWith('//')
}

function hash(text: string): number {
  let sum = 7
  for (const char of text) sum = (sum * 31 + char.codePointAt(0)!) >>> 0
  return sum
}
