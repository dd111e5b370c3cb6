// The site around the chat: the loader opens and closes the window and keeps the visitor's token, because browsers
// partition or forbid the storage of a frame. Who may frame this page at all is the policy's business.
import type { User } from './protocol.ts'

export interface Told {
  token: string
  lang: string
  user: User
  open: boolean
  /** The visitor opened it, so the cursor may go into it. */
  focus: boolean
}

export type FromSite = ({ ol: 'init' } & Told) | { ol: 'open'; open: boolean; focus: boolean } | { ol: 'user'; user: User }
export type ToSite =
  | { ol: 'token'; token: string }
  | { ol: 'unread'; n: number; label: string }
  | { ol: 'close' }
  | { ol: 'event'; name: 'message' | 'sent'; text: string }

export const framed = window.parent !== window

/** Waits for the loader's first word; `hear` gets the later ones. The answer is what to say back with. */
export function meet(hear: (said: FromSite) => void): Promise<Told & { tell(what: ToSite): void }> {
  if (!framed) return Promise.resolve({ token: '', lang: 'auto', user: {}, open: true, focus: true, tell: () => {} })
  return new Promise((resolve) => {
    let origin = ''
    window.addEventListener('message', ({ source, origin: from, data }: MessageEvent<FromSite>) => {
      if (source !== window.parent || (origin && from !== origin) || !data || typeof data !== 'object') return
      if (data.ol === 'init' && !origin) {
        origin = from
        resolve({ ...data, tell: (what) => window.parent.postMessage(what, origin) })
      } else if (origin) hear(data)
    })
    // Says nothing but that we are here, so it may be heard by anybody.
    window.parent.postMessage({ ol: 'ready' }, '*')
  })
}
