// Calls for attention: toasts, the number in the title, a sound and desktop notices for those who asked for them.

import { notifications } from '@mantine/notifications'

import type { ConversationOut, EntryOut } from './api.ts'
import { t } from './i18n/index.ts'
import { isOffered, offers, type Batch, type Hub } from './state.ts'
import { get, useScreen } from './store.ts'

type News =
  | { kind: 'notice'; text: string; conversation: number }
  | { kind: 'batch'; batch: Batch; before: Hub }

const PREVIEW = 140

let go: (number: number) => void = () => {}
let shown = 0

/** What a toast's button does, and which conversation is on the screen: that one calls for nothing. */
export function whenAsked(open: (number: number) => void): void {
  go = open
}

export function nowShown(number: number): void {
  shown = number
  if (number) notifications.hide(`conversation-${number}`)
}

export function alertAbout(news: News): void {
  const me = get().me?.id
  if (!me) return
  if (news.kind === 'notice') {
    toast(news.text, news.conversation)
    return
  }
  for (const row of news.batch.conversations) {
    const was = news.before.conversations[row.number]
    if (!isOffered(row, me) || (was && isOffered(was, me))) continue
    const text = t('alert.offer', { name: row.customer_name || `#${row.number}` })
    toast(text, row.number)
    call(text, row.number)
  }
  for (const entry of news.batch.entries) {
    const row = get().hub.conversations[entry.conversation]
    if (!row || !callsMe(entry, row, me) || (row.number === shown && document.hasFocus())) continue
    if (entry.kind !== 'Message') continue
    const words = (entry.body.content.text || entry.body.content.files?.[0]?.name || '').slice(0, PREVIEW)
    const text = t('alert.message', { name: row.customer_name || `#${row.number}`, text: words })
    if (row.number !== shown) toast(text, row.number)
    call(text, row.number)
  }
}

function callsMe(entry: EntryOut, row: ConversationOut, me: string): boolean {
  return entry.kind === 'Message' && entry.body.author.kind === 'customer' && row.responsible === me
}

function toast(message: string, number: number): void {
  notifications.show({
    id: number ? `conversation-${number}` : undefined,
    message,
    autoClose: 6_000,
    withBorder: true,
    closeButtonProps: { 'aria-label': t('app.close') },
    style: { cursor: number ? 'pointer' : 'default' },
    onClick: ({ target }: { target: EventTarget }) => {
      if (!number || (target as Element).closest('button')) return // put away, not opened
      go(number)
      notifications.hide(`conversation-${number}`)
    },
  } as Parameters<typeof notifications.show>[0])
}

/** Of several tabs one makes the noise: the one that holds the lock. */
let loud = typeof navigator === 'undefined' || !navigator.locks

function call(text: string, number: number): void {
  if (!loud) return
  const { sound, desktop } = get().preferences
  if (sound) chime()
  if (!desktop || !document.hidden || typeof Notification === 'undefined' || Notification.permission !== 'granted') return
  const notice = new Notification('openlines', { body: text, tag: `conversation-${number}` })
  notice.onclick = () => {
    window.focus()
    go(number)
    notice.close()
  }
}

let audio: AudioContext | undefined

/** Two soft tones, made here: nothing to download, nothing for the page's policy to forbid. */
export function chime(): void {
  audio ??= new AudioContext()
  const start = audio.currentTime
  for (const [at, pitch] of [
    [0, 660],
    [0.12, 880],
  ] as const) {
    const tone = audio.createOscillator()
    const volume = audio.createGain()
    tone.frequency.value = pitch
    volume.gain.setValueAtTime(0.0001, start + at)
    volume.gain.exponentialRampToValueAtTime(0.12, start + at + 0.02)
    volume.gain.exponentialRampToValueAtTime(0.0001, start + at + 0.35)
    tone.connect(volume).connect(audio.destination)
    tone.start(start + at)
    tone.stop(start + at + 0.4)
  }
}

/** Desktop notices need a leave that browsers ask for only after a click. */
export async function mayNotify(): Promise<boolean> {
  if (typeof Notification === 'undefined') return false
  return (await Notification.requestPermission()) === 'granted'
}

/** Begins to keep the title's number and to compete for the noise. */
export function keepWatch(): () => void {
  const end = new AbortController()
  if (!loud) {
    void navigator.locks
      .request('openlines-alerts', { signal: end.signal }, () => {
        loud = true
        return new Promise<void>((resolve) => end.signal.addEventListener('abort', () => resolve()))
      })
      .catch(() => {}) // the page goes before its turn came
  }
  const stop = useScreen.subscribe(({ hub, me }) => {
    const waiting = me
      ? Object.values(hub.conversations).filter((row) => row.responsible === me.id && row.status === 'awaiting_agent')
      : []
    const count = me ? offers(hub, me).length + waiting.length : 0
    const title = count ? `(${count}) openlines` : 'openlines'
    if (document.title !== title) document.title = title
  })
  return () => {
    stop()
    end.abort()
  }
}
