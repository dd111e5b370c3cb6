// What was decided, folded: one quiet line that says the most telling step, and the rest behind it.

import { memo, useState } from 'react'

import { Icon } from '../app/icons.tsx'
import { clock } from '../format.ts'
import { t } from '../i18n/index.ts'
import { useScreen } from '../store.ts'
import { headline, type Steps } from '../story.ts'
import { decision } from '../words.ts'
import style from './Steps.module.css'

export const StepsLine = memo(function StepsLine({ item: { steps } }: { item: Steps }) {
  const [open, show] = useState(false)
  const agents = useScreen((screen) => screen.hub.agents)
  const lines = useScreen((screen) => screen.hub.lines)
  const names = { agents, lines }
  const first = headline(steps)
  const rest = steps.length - 1
  if (open) {
    return (
      <div className={style.steps}>
        <ol className={style.all}>
          {steps.map((step) => (
            <li key={step.id}>
              <time>{clock(step.at)}</time>
              <span>
                {decision(names, step)}
                {step.body.reason?.words && <small>{step.body.reason.words}</small>}
              </span>
            </li>
          ))}
        </ol>
        <button type="button" className={style.fold} aria-expanded="true" onClick={() => show(false)} aria-label={t('app.close')}>
          <Icon name="up" size={14} />
        </button>
      </div>
    )
  }
  const explained = rest > 0 || Boolean(first.body.reason?.words)
  return (
    <div className={style.steps}>
      <p className={style.line}>
        {decision(names, first)}
        <time>{clock(first.at)}</time>
        {explained && (
          <button type="button" className={style.fold} aria-expanded="false" onClick={() => show(true)}>
            {rest > 0 ? t('thread.more_steps', { n: rest }) : '…'}
          </button>
        )}
      </p>
    </div>
  )
})
