// What an agent does to a conversation, and what the screen says when the hub refuses.

import { notifications } from '@mantine/notifications'

import type { Me, Outcome } from './api.ts'
import { readDrafts } from './kept.ts'
import { closeFeed, openFeed } from './feed.ts'
import { Refused, setToken, write } from './http.ts'
import { nothing } from './state.ts'
import { get, set } from './store.ts'
import { readDetail, readMe, refreshCounters } from './sync.ts'
import { refusal } from './words.ts'

export type Verb =
  | 'accept'
  | 'decline'
  | 'return'
  | 'transfer'
  | 'invite'
  | 'leave'
  | 'intercept'
  | 'pin'
  | 'spam'
  | 'finish'
  | 'save_to_crm'
  | 'refuse_consent'
  | 'rate'
  | 'resend'

/** `done`; or the refusal's code, after it has been told to the agent unless `quiet` names it. */
export async function act(number: number, verb: Verb, body: object = {}, quiet: string[] = []): Promise<string> {
  try {
    await write<Outcome>('POST', `/conversations/${number}/${verb}`, body)
    return 'done'
  } catch (error) {
    const code = error instanceof Refused ? error.code : 'unreachable'
    if (!quiet.includes(code)) complain(refusal(error))
    return code
  } finally {
    // The feed tells what changed; what may be done next is read at once, also after a refusal: something is out of date.
    if (number in get().hub.details || get().link.state !== 'open') void readDetail(number).catch(() => {})
    refreshCounters()
  }
}

export async function setPresence(state: Me['state']): Promise<void> {
  try {
    await write('PUT', '/me/presence', { state })
    set((screen) => (screen.me ? { me: { ...screen.me, state } } : {}))
  } catch (error) {
    complain(refusal(error))
  }
}

export async function signIn(email: string, password: string): Promise<void> {
  enter(await write<Me>('POST', '/session', { email, password }))
}

export async function signOut(): Promise<void> {
  closeFeed()
  await write('DELETE', '/session').catch(() => {}) // the cookie may be gone already
  set({ me: null, hub: nothing })
}

/** At the page's start: whoever the cookie says we are. */
export async function resume(): Promise<void> {
  try {
    enter(await readMe())
  } catch (error) {
    if (error instanceof Refused) set({ me: null })
    else setTimeout(() => void resume(), 3_000) // the hub is starting, or away
  }
}

function enter(me: Me): void {
  setToken(me.csrf, () => {
    closeFeed()
    set({ me: null })
  })
  set({ me, drafts: readDrafts(me.id), hub: nothing })
  openFeed()
}

export function complain(message: string): void {
  notifications.show({ message, color: 'red', autoClose: 8_000, withBorder: true })
}
