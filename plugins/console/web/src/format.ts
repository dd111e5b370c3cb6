// Times, sizes and initials, in the agent's language.

import { speaking, t, type Key } from './i18n/index.ts'

const MINUTE = 60
const HOUR = 3600
const DAY = 86_400

export function clock(at: number): string {
  return new Intl.DateTimeFormat(region(), { hour: '2-digit', minute: '2-digit' }).format(at * 1000)
}

export function moment(at: number): string {
  return new Intl.DateTimeFormat(region(), { dateStyle: 'medium', timeStyle: 'short' }).format(at * 1000)
}

/** How long ago, shortly: for lists. */
export function age(at: number, now: number): string {
  const seconds = Math.max(0, now - at)
  if (seconds < MINUTE) return t('time.now')
  if (seconds < HOUR) return t('time.minutes', { n: Math.floor(seconds / MINUTE) })
  if (seconds < DAY) return t('time.hours', { n: Math.floor(seconds / HOUR) })
  return t('time.days', { n: Math.floor(seconds / DAY) })
}

/** `0:42`, `3:05`, `1:02:03`. */
export function countdown(seconds: number): string {
  const left = Math.max(0, Math.ceil(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  const hours = Math.floor(left / HOUR)
  const minutes = Math.floor((left % HOUR) / MINUTE)
  return hours ? `${hours}:${two(minutes)}:${two(left % MINUTE)}` : `${minutes}:${two(left % MINUTE)}`
}

/** How long something took: `42 s`, `3 min 5 s`, `1 h 2 min`, `2 d 3 h`. */
export function lasting(seconds: number): string {
  const whole = Math.max(1, Math.round(seconds))
  if (whole < MINUTE) return t('time.seconds', { n: whole })
  if (whole < HOUR) return both('time.minutes', MINUTE, 'time.seconds', 1, whole)
  if (whole < DAY) return both('time.hours', HOUR, 'time.minutes', MINUTE, whole)
  return both('time.days', DAY, 'time.hours', HOUR, whole)
}

function both(large: Key, unit: number, small: Key, part: number, seconds: number): string {
  const rest = Math.floor((seconds % unit) / part)
  const much = t(large, { n: Math.floor(seconds / unit) })
  return rest ? `${much} ${t(small, { n: rest })}` : much
}

export function day(at: number, now: number): string {
  const date = new Date(at * 1000)
  const days = Math.round((midnight(now) - midnight(at)) / DAY)
  if (days === 0) return t('thread.today')
  if (days === 1) return t('thread.yesterday')
  const sameYear = date.getFullYear() === new Date(now * 1000).getFullYear()
  const year = sameYear ? {} : ({ year: 'numeric' } as const)
  return new Intl.DateTimeFormat(region(), { weekday: 'long', day: 'numeric', month: 'long', ...year }).format(date)
}

export function size(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte']
  let step = 0
  let value = bytes
  while (value >= 1000 && step < units.length - 1) {
    value /= 1000
    step += 1
  }
  const digits = step > 0 && value < 10 ? 1 : 0
  return new Intl.NumberFormat(speaking(), {
    style: 'unit',
    unit: units[step]!,
    unitDisplay: step ? 'short' : 'long',
    maximumFractionDigits: digits,
  }).format(value)
}

export function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean)
  const first = [...(words[0] ?? '?')][0] ?? '?'
  const last = words.length > 1 ? ([...words.at(-1)!][0] ?? '') : ''
  return (first + last).toLocaleUpperCase()
}

/** The browser's own flavour of the language, for the order of days and months and for the clock. */
function region(): string {
  return navigator.languages.find((tag) => tag.startsWith(speaking()) && known(tag)) ?? speaking()
}

/** Browsers pass on what the system says, which need not be a language tag: `en-US@posix`. */
function known(tag: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0
  } catch {
    return false
  }
}

function midnight(at: number): number {
  const date = new Date(at * 1000)
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime() / 1000
}
