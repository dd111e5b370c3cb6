// The time, as a value to render: one ticker for the whole page, and components that look as rarely as they need.

import { useSyncExternalStore } from 'react'

const SLACK = 2 // seconds: a Date header has no fractions, and answers travel

let ahead = 0

/** Countdowns run by the hub's clock; a computer's own may be minutes off. */
export function setHubTime(date: string | null): void {
  const told = date ? Date.parse(date) / 1000 : NaN
  if (Number.isNaN(told)) return
  const gap = told - Date.now() / 1000
  ahead = Math.abs(gap) > SLACK ? gap : 0
}

/** Seconds since the epoch, by the hub's clock. */
export function hubNow(): number {
  return Date.now() / 1000 + ahead
}

const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function listen(listener: () => void): () => void {
  listeners.add(listener)
  timer ??= setInterval(() => {
    for (const each of listeners) each()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Seconds since the epoch, in steps of `step` seconds: it renders anew only when a step is over. */
export function useNow(step = 30): number {
  return useSyncExternalStore(listen, () => Math.floor(hubNow() / step) * step)
}
