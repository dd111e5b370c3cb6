// The frames of the socket, as the server reads and writes them (openlines_livechat/wire.py).

export interface SentFile {
  id: string
  name: string
  type: string
  size: number
  ticket: string
}

export interface ShownFile {
  name: string
  type: string
  size: number
  url: string
}

export interface ShownButton {
  label: string
  says: string
}

export interface MessageData {
  id: number
  from: 'me' | 'agent' | 'bot' | 'auto'
  cid?: string
  name?: string
  photo?: string
  title?: string
  text?: string
  files?: ShownFile[]
  buttons?: ShownButton[]
  location?: { lat: number; lon: number; title: string }
  contact?: { name: string; phone: string; email: string }
  ask?: 'rating' | 'form'
}

export type What = 'accepted' | 'intercepted' | 'transferred' | 'handed_over' | 'finished' | 'closed' | 'rated'

interface Entry<K extends string, D> {
  seq: number
  at: number
  kind: K
  conv: number
  data: D
}

export type Shown =
  | Entry<'msg', MessageData>
  | Entry<'edit', Partial<MessageData> & { cid: string }>
  | Entry<'delete', { cid: string }>
  | Entry<'note', { what: What; value?: 'like' | 'dislike' | '' }>

export interface Page {
  items: Shown[]
  before: number
  last: number
}

export interface Limits {
  text: number
  draft: number
  file: number
  files: number
}

export type FromServer =
  | { t: 'welcome'; v: number; token: string; heartbeat: number; limits: Limits; history?: Page }
  | { t: 'ev'; prev: number; items: Shown[] }
  | ({ t: 'older' } & Page)
  | { t: 'eph'; kind: 'typing'; name: string; ttl: number }
  | { t: 'ok'; cid: string; id: string }
  | { t: 'err'; cid: string; code: string; retry_after?: number }
  | { t: 'beat' }

export interface User {
  name?: string
  email?: string
  phone?: string
}

export type Body =
  | { t: 'send'; text: string; files?: SentFile[] }
  | { t: 'rate'; value: 'like' | 'dislike'; comment: string }
  | { t: 'form'; fields: Record<string, string> }

export const CLOSE = { token: 4401, origin: 4403, slow: 4429 } as const
