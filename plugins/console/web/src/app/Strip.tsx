// Says that what is on the screen may be out of date. Never silently stale.

import { Loader } from '@mantine/core'
import { useEffect, useState } from 'react'

import { clock } from '../format.ts'
import { t } from '../i18n/index.ts'
import { useScreen } from '../store.ts'
import style from './Strip.module.css'

const GRACE = 1_500 // ms: a short interruption is nobody's business

export function Strip() {
  const { state, since } = useScreen((screen) => screen.link)
  const [late, setLate] = useState(false)
  useEffect(() => {
    setLate(false)
    if (state === 'open') return
    const timer = setTimeout(() => setLate(true), GRACE)
    return () => clearTimeout(timer)
  }, [state])

  const shown = state !== 'open' && late
  return (
    <div role="status" className={shown ? style.strip : undefined} data-state={state}>
      {shown && (
        <>
          <Loader size={14} color="currentColor" aria-hidden="true" />
          {since ? t('app.reconnecting', { time: clock(since / 1000) }) : t('app.connecting')}
        </>
      )}
    </div>
  )
}
