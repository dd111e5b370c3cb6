// Rows do not move under the pointer: while somebody is at the list its order stands, and a pill says what is new.

import { useCallback, useEffect, useRef, useState } from 'react'

import type { ConversationOut, View } from '../api.ts'

const QUIET = 2_500 // ms after the last move

export function useCalmRows(view: View, fresh: ConversationOut[]) {
  const [held, hold] = useState<{ view: View; order: number[] } | null>(null)
  const order = useRef<number[]>([])
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)

  const apply = useCallback(() => {
    clearTimeout(timer.current)
    hold(null)
  }, [])
  const stir = useCallback(() => {
    clearTimeout(timer.current)
    timer.current = setTimeout(() => hold(null), QUIET)
    hold((old) => old ?? { view, order: order.current })
  }, [view])
  useEffect(() => () => clearTimeout(timer.current), [])

  const standing = held?.view === view ? held.order : null
  const rows = standing ? inOrder(fresh, standing) : fresh
  useEffect(() => {
    order.current = rows.map((row) => row.number)
  })
  const known = new Set(standing ?? [])
  const changed = standing ? fresh.filter((row) => !known.has(row.number)).length : 0

  const watch = {
    // A finger scrolls, it does not hover.
    onPointerMove: (event: { pointerType: string }) => event.pointerType === 'mouse' && stir(),
    onPointerLeave: apply,
    onWheel: stir,
  }
  return { rows, changed, apply, watch }
}

/** What was there, in its order, as it is now; what has gone leaves at once: it can no longer be clicked. */
export function inOrder(fresh: ConversationOut[], order: number[]): ConversationOut[] {
  const now = new Map(fresh.map((row) => [row.number, row]))
  return order.flatMap((number) => now.get(number) ?? [])
}
