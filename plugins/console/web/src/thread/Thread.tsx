// The middle pane: who it is, what may be done, the story, and where one writes.

import { ActionIcon, Button, Loader, Tooltip } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useLocation } from 'wouter'

import { CustomerFace } from '../app/Face.tsx'
import { Icon } from '../app/icons.tsx'
import { togglePanel } from '../app/shortcuts.ts'
import { Composer } from '../composer/Composer.tsx'
import { t } from '../i18n/index.ts'
import { useHub, useMe } from '../store.ts'
import { select } from '../sync.ts'
import { agentName, lineName } from '../words.ts'
import { Actions } from './Actions.tsx'
import { DropZone } from '../composer/DropZone.tsx'
import { StoryView } from './StoryView.tsx'
import style from './Thread.module.css'

export function Thread({ number }: { number: number }) {
  const [answer, setAnswer] = useState<'' | 'shown' | 'denied' | 'missing' | 'failed'>('')
  const [attempt, setAttempt] = useState(0)
  const known = useHub((hub) => number in hub.conversations)
  const lost = useHub((hub) => hub.lost[number] ?? false)

  useEffect(() => {
    let current = true
    void select(number).then((told) => current && setAnswer(told))
    return () => {
      current = false
    }
  }, [number, attempt])

  return (
    <main id="thread" tabIndex={-1} className={style.thread}>
      {number === 0 ? (
        <Empty title={t('thread.none')} hint={t('thread.none_hint')} />
      ) : lost ? (
        <Empty title={t('thread.lost')} back />
      ) : answer === 'denied' || answer === 'missing' ? (
        <Empty title={t(`thread.${answer}`, { number })} back />
      ) : known ? (
        <Open number={number} />
      ) : answer === 'failed' ? (
        <Empty title={t('thread.failed')} back again={() => setAttempt(attempt + 1)} />
      ) : (
        <div className={style.empty} aria-busy="true">
          <Loader size="sm" />
        </div>
      )}
    </main>
  )
}

function Open({ number }: { number: number }) {
  const thread = useHub((hub) => hub.conversations[number]!.thread)
  return (
    <DropZone thread={thread} number={number}>
      <Header number={number} />
      <StoryView key={thread} number={number} thread={thread} />
      <Composer key={`write-${thread}`} number={number} thread={thread} />
    </DropZone>
  )
}

function Header({ number }: { number: number }) {
  const [, go] = useLocation()
  const me = useMe()
  const row = useHub((hub) => hub.conversations[number]!)
  const line = useHub((hub) => lineName(hub, row.line))
  const responsible = useHub((hub) => (row.responsible ? agentName(hub, row.responsible) : ''))
  const name = row.customer_name || `#${number}`
  const who = row.responsible === me.id ? me.name : responsible || t('thread.nobody')
  return (
    <header className={style.header}>
      <ActionIcon variant="subtle" color="gray" className={style.back} aria-label={t('app.back')} onClick={() => go('/')}>
        <Icon name="back" />
      </ActionIcon>
      <CustomerFace name={name} kind={row.channel_kind} size={38} />
      <div className={style.who}>
        <h1 className={style.name}>{name}</h1>
        <p className={style.about}>
          <span className={style.status} data-status={row.status}>
            {t(`status.${row.status}`)}
          </span>
          <span>{line}</span>
          <span className={style.responsible}>{t('thread.responsible', { name: who })}</span>
          <span className={style.number}>#{number}</span>
        </p>
      </div>
      <Actions number={number} />
      <Tooltip label={`${t('thread.info')} (Alt + C)`}>
        <ActionIcon variant="subtle" color="gray" size={36} aria-label={t('thread.info')} onClick={togglePanel}>
          <Icon name="panel" />
        </ActionIcon>
      </Tooltip>
    </header>
  )
}

function Empty({ title, hint, back, again }: { title: string; hint?: string; back?: boolean; again?: () => void }) {
  const [, go] = useLocation()
  return (
    <div className={style.empty}>
      <Icon name={back ? 'alert' : 'inbox'} size={40} />
      <h1>{title}</h1>
      {hint && <p>{hint}</p>}
      {again && (
        <Button size="sm" onClick={again}>
          {t('app.retry')}
        </Button>
      )}
      {back && (
        <Button size="sm" variant="default" onClick={() => go('/')}>
          {t('app.back')}
        </Button>
      )}
    </div>
  )
}
