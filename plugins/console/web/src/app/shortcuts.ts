// The keyboard: one table, which is also what the help shows. Keys are told by their place, so a Russian layout works.

import { useEffect } from 'react'
import { useLocation } from 'wouter'

import { act } from '../actions.ts'
import type { Action } from '../api.ts'
import type { Key } from '../i18n/index.ts'
import { listed, offers, VIEWS } from '../state.ts'
import { get, prefer, set } from '../store.ts'
import { openView } from '../sync.ts'

interface Shortcut {
  /** `event.code`, with `Alt+` and `Shift+` before it. */
  keys: string[]
  shown: string
  says: Key
  /** Works only when this may be done. */
  needs?: Action
  run: (number: number, go: (number: number) => void, code: string) => void
}

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ['KeyJ', 'Alt+ArrowDown'], shown: 'J', says: 'keys.next', run: (number, go) => step(number, 1, go) },
  { keys: ['KeyK', 'Alt+ArrowUp'], shown: 'K', says: 'keys.previous', run: (number, go) => step(number, -1, go) },
  {
    keys: ['Alt+Digit1', 'Alt+Digit2', 'Alt+Digit3', 'Alt+Digit4', 'Alt+Digit5'],
    shown: 'Alt + 1…5',
    says: 'keys.tabs',
    run: (_number, _go, code) => void openView(VIEWS[Number(code.slice(-1)) - 1]!),
  },
  { keys: ['KeyT'], shown: 'T', says: 'keys.accept', needs: 'accept', run: (number) => void act(number, 'accept') },
  { keys: ['KeyR'], shown: 'R', says: 'keys.reply', run: () => composer()?.focus() },
  { keys: ['Alt+KeyN'], shown: 'Alt + N', says: 'keys.note', run: () => switchMode() },
  { keys: ['KeyE'], shown: 'E', says: 'keys.finish', needs: 'finish', run: () => set({ dialog: 'finish' }) },
  { keys: ['Alt+KeyT'], shown: 'Alt + T', says: 'keys.transfer', needs: 'transfer', run: () => set({ dialog: 'transfer' }) },
  { keys: ['Alt+KeyI'], shown: 'Alt + I', says: 'keys.invite', needs: 'invite', run: () => set({ dialog: 'invite' }) },
  {
    keys: ['KeyP'],
    shown: 'P',
    says: 'keys.pin',
    needs: 'pin',
    run: (number) => void act(number, 'pin', { on: !get().hub.conversations[number]?.pinned }),
  },
  { keys: ['Alt+KeyS'], shown: 'Alt + S', says: 'keys.spam', needs: 'spam', run: () => set({ dialog: 'spam' }) },
  { keys: ['Alt+KeyC'], shown: 'Alt + C', says: 'keys.panel', run: () => togglePanel() },
  { keys: ['Escape'], shown: 'Esc', says: 'keys.leave', run: (_number, go) => leave(go) },
  { keys: ['Shift+Slash'], shown: '?', says: 'keys.help', run: () => set({ dialog: 'help' }) },
]

export function useShortcuts(number: number): void {
  const [, navigate] = useLocation()
  useEffect(() => {
    const go = (to: number) => navigate(to ? `/conversations/${to}` : '/')
    const heed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || get().dialog) return
      const code = `${event.altKey ? 'Alt+' : ''}${event.shiftKey ? 'Shift+' : ''}${event.code}`
      const shortcut = SHORTCUTS.find(({ keys }) => keys.includes(code))
      if (!shortcut) return
      const single = !event.altKey && event.code !== 'Escape'
      if (single && (inField(event.target) || !get().preferences.keys)) return
      if (event.code === 'Escape' && inOverlay(event.target)) return
      if (shortcut.needs && !get().hub.details[number]?.actions.includes(shortcut.needs)) return
      event.preventDefault()
      shortcut.run(number, go, event.code)
    }
    const halt = () => get().walking && set({ walking: false })
    window.addEventListener('keydown', heed)
    window.addEventListener('pointerdown', halt)
    return () => {
      window.removeEventListener('keydown', heed)
      window.removeEventListener('pointerdown', halt)
    }
  }, [number, navigate])
}

export function togglePanel(): void {
  // Beside the thread where there is room, over it where there is not.
  if (window.matchMedia('(min-width: 80em)').matches) prefer({ panel: !get().preferences.panel })
  else set((screen) => ({ drawer: !screen.drawer }))
}

export function composer(): HTMLTextAreaElement | null {
  return document.querySelector<HTMLTextAreaElement>('#composer')
}

function step(number: number, by: 1 | -1, go: (number: number) => void): void {
  const { hub, me, view } = get()
  if (!me) return
  const rows = [...offers(hub, me), ...listed(view, hub, me)]
  const at = rows.findIndex((row) => row.number === number)
  const next = rows[at < 0 ? 0 : at + by]
  if (!next) return
  set({ walking: true })
  go(next.number)
}

function switchMode(): void {
  document.querySelector<HTMLButtonElement>('[data-mode][aria-checked="false"]')?.click()
  composer()?.focus()
}

function leave(go: (number: number) => void): void {
  const active = document.activeElement
  if (active instanceof HTMLElement && inField(active)) active.blur()
  else go(0)
}

function inField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}

function inOverlay(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('[role="dialog"], [role="menu"]') !== null
}
