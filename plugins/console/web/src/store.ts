// The one place where state lives: what is known of the hub (`state.ts`), who we are, and what this screen shows.

import { create } from 'zustand'

import type { Me, View } from './api.ts'
import { readPreferences, writePreferences, type Draft, type Preferences } from './kept.ts'
import { nothing, type Hub } from './state.ts'

/** `since`: until when what is shown is known to be true, in ms; 0 while the feed is up. */
export interface LinkState {
  state: 'connecting' | 'open' | 'lost'
  since: number
}

export interface Attachment {
  key: string
  name: string
  size: number
  type: string
  /** 0 to 1; `id` is there once it is up. */
  progress: number
  id: string
  abort: () => void
}

export interface Screen {
  /** undefined = not known yet, null = signed out. */
  me: Me | null | undefined
  hub: Hub
  link: LinkState
  view: View
  drafts: Record<string, Draft>
  attachments: Record<string, Attachment[]>
  preferences: Preferences
  /** Which dialog is open for the selected conversation. */
  dialog: '' | 'transfer' | 'invite' | 'spam' | 'finish' | 'refuse_consent' | 'rate' | 'help'
  /** The drawer that holds the customer panel where there is no room beside the thread. */
  drawer: boolean
  /** The last conversation was reached by keyboard: the next key may be another step, so the composer waits. */
  walking: boolean
}

export const useScreen = create<Screen>(() => ({
  me: undefined,
  hub: nothing,
  link: { state: 'connecting', since: 0 },
  view: 'mine',
  drafts: {},
  attachments: {},
  preferences: readPreferences(),
  dialog: '',
  drawer: false,
  walking: false,
}))

export const get = useScreen.getState
export const set = useScreen.setState

export function change(how: (hub: Hub) => Hub): void {
  set((screen) => ({ hub: how(screen.hub) }))
}

export function prefer(changes: Partial<Preferences>): void {
  const preferences = { ...get().preferences, ...changes }
  writePreferences(preferences)
  set({ preferences })
}

export function useHub<T>(select: (hub: Hub) => T): T {
  return useScreen((screen) => select(screen.hub))
}

export function useMe(): Me {
  const me = useScreen((screen) => screen.me)
  if (!me) throw new Error('a screen for staff is shown to nobody')
  return me
}
