// Unsent words and files, per thread: they stay when one looks at something else, and the words outlive the page.

import { upload } from '../http.ts'
import { t } from '../i18n/index.ts'
import { writeDrafts, type Draft } from '../kept.ts'
import { get, set, useScreen, type Attachment } from '../store.ts'
import { refusal } from '../words.ts'

export const FILES_LIMIT = 20 // the hub takes no more with one message
const SAVE_AFTER = 500
const EMPTY: Draft = { reply: '', note: '', mode: 'reply' }
const NONE: Attachment[] = []

export function useDraft(thread: string): Draft {
  return useScreen((screen) => screen.drafts[thread] ?? EMPTY)
}

export function useAttachments(thread: string): Attachment[] {
  return useScreen((screen) => screen.attachments[thread] ?? NONE)
}

let timer: ReturnType<typeof setTimeout> | undefined

export function draft(thread: string, changes: Partial<Draft>): void {
  set((screen) => {
    const { [thread]: old = EMPTY, ...others } = screen.drafts
    return { drafts: { ...others, [thread]: { ...old, ...changes } } } // the latest last: the oldest are dropped first
  })
  clearTimeout(timer)
  timer = setTimeout(save, SAVE_AFTER)
}

export function save(): void {
  const { me, drafts } = get()
  if (me) writeDrafts(me.id, drafts)
}

if (typeof window !== 'undefined') window.addEventListener('pagehide', save)

/** Begins to upload; says in words what cannot be taken. */
export function attach(thread: string, files: File[], complain: (message: string) => void): void {
  const there = get().attachments[thread] ?? NONE
  const room = FILES_LIMIT - there.length
  if (files.length > room) complain(t('write.too_many', { n: FILES_LIMIT }))
  for (const file of files.slice(0, room)) begin(thread, file, complain)
}

export function detach(thread: string, key: string): void {
  const one = (get().attachments[thread] ?? NONE).find((each) => each.key === key)
  one?.abort()
  put(thread, (list) => list.filter((each) => each.key !== key))
}

export function cleared(thread: string): void {
  put(thread, () => NONE)
}

let count = 0

function begin(thread: string, file: File, complain: (message: string) => void): void {
  const key = `file-${++count}`
  const end = new AbortController()
  const name = file.name || t('write.attach')
  const change = (changes: Partial<Attachment>) =>
    put(thread, (list) => list.map((one) => (one.key === key ? { ...one, ...changes } : one)))
  put(thread, (list) => [
    ...list,
    { key, name, size: file.size, type: file.type, progress: 0, id: '', abort: () => end.abort() },
  ])
  upload(file, (progress) => change({ progress }), end.signal).then(
    ({ id, name: kept, type, size }) => change({ id, name: kept, type, size, progress: 1 }),
    (error: unknown) => {
      if (end.signal.aborted) return
      put(thread, (list) => list.filter((one) => one.key !== key))
      complain(t('write.upload_failed', { name, reason: refusal(error) }))
    },
  )
}

function put(thread: string, how: (list: Attachment[]) => Attachment[]): void {
  set((screen) => ({ attachments: { ...screen.attachments, [thread]: how(screen.attachments[thread] ?? NONE) } }))
}
