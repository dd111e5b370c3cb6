// What stays in this browser: preferences and unsent words. Storage may be full, blocked or hold nonsense.

export interface Preferences {
  language: '' | 'en' | 'ru'
  sendWith: 'enter' | 'ctrl'
  sound: boolean
  desktop: boolean
  keys: boolean
  panel: boolean
}

const DEFAULTS: Preferences = {
  language: '',
  sendWith: 'enter',
  sound: false,
  desktop: false,
  keys: true,
  panel: true,
}

export interface Draft {
  reply: string
  note: string
  mode: 'reply' | 'note'
}

const DRAFTS_KEPT = 100

export function readPreferences(): Preferences {
  return { ...DEFAULTS, ...get<Partial<Preferences>>('preferences') }
}

export function writePreferences(preferences: Preferences): void {
  put('preferences', preferences)
}

/** Drafts belong to a person: the next one at this computer does not see them. */
export function readDrafts(agent: string): Record<string, Draft> {
  return get<Record<string, Draft>>(`drafts.${agent}`) ?? {}
}

export function writeDrafts(agent: string, drafts: Record<string, Draft>): void {
  const worth = Object.entries(drafts).filter(([, draft]) => draft.reply || draft.note)
  put(`drafts.${agent}`, Object.fromEntries(worth.slice(-DRAFTS_KEPT)))
}

function get<T extends object>(key: string): T | undefined {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(`openlines.${key}`) ?? 'null')
    return typeof value === 'object' && value !== null ? (value as T) : undefined
  } catch {
    return undefined
  }
}

function put(key: string, value: object): void {
  try {
    localStorage.setItem(`openlines.${key}`, JSON.stringify(value))
  } catch {
    // full or blocked: it lasts as long as the page
  }
}
