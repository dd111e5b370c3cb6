// The thread's story: earlier pages upward, the latest at the bottom, and the place held where the reader is.

import { Button, Loader } from '@mantine/core'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'

import { Icon } from '../app/icons.tsx'
import { day } from '../format.ts'
import { t } from '../i18n/index.ts'
import { useNow } from '../now.ts'
import type { Sending } from '../state.ts'
import { useHub } from '../store.ts'
import { readStory } from '../sync.ts'
import { told, type Item } from '../story.ts'
import { MessageBubble, NoteBubble, SendingBubble } from './Bubbles.tsx'
import { StepsLine } from './Steps.tsx'
import { TypingLine } from './Typing.tsx'
import style from './StoryView.module.css'

const NEAR_END = 200 // px: a reader further up is reading, and is not moved
const NEAR_START = 300
const NONE: Sending[] = []

export function StoryView({ number, thread }: { number: number; thread: string }) {
  const story = useHub((hub) => hub.stories[thread])
  const sending = useHub((hub) => hub.sending[thread] ?? NONE)
  const items = useMemo(() => told(story?.entries ?? []), [story?.entries])
  const { box, content, unseen, away, toEnd, onScroll } = useReading(items, sending.length, () => void readStory(number, true))
  const now = useNow(60)

  return (
    <div className={style.frame}>
      {/* A region that scrolls must be reachable by keyboard. */}
      <div ref={box} className={style.box} tabIndex={0} role="region" aria-label={t('thread.log')} onScroll={onScroll}>
        <div ref={content} className={style.content}>
          <Start number={number} thread={thread} />
          <div role="log" aria-label={t('thread.log')} className={style.log}>
            {items.map((item) => (
              <Piece key={item.key} item={item} number={number} now={now} />
            ))}
            {sending.map((one) => (
              <SendingBubble key={one.cid} one={one} />
            ))}
          </div>
          <TypingLine number={number} />
        </div>
      </div>
      {away && (
        <button type="button" className={style.latest} onClick={toEnd} data-new={unseen > 0}>
          <Icon name="down" size={16} />
          {unseen ? t('thread.latest', { n: unseen }) : t('thread.to_latest')}
        </button>
      )}
    </div>
  )
}

function Start({ number, thread }: { number: number; thread: string }) {
  const story = useHub((hub) => hub.stories[thread])
  if (!story || story.state === 'loading') {
    return (
      <div className={style.start} aria-busy="true">
        <Loader size="xs" />
      </div>
    )
  }
  if (story.state === 'failed') {
    return (
      <div className={style.start}>
        <p>{t('thread.failed')}</p>
        <Button size="xs" variant="default" onClick={() => void readStory(number, story.entries.length > 0)}>
          {t('app.retry')}
        </Button>
      </div>
    )
  }
  return (
    <div className={style.start}>
      {story.before === null ? (
        <p>{t('thread.beginning')}</p>
      ) : (
        <Button size="xs" variant="subtle" leftSection={<Icon name="up" size={16} />} onClick={() => void readStory(number, true)}>
          {t('thread.earlier')}
        </Button>
      )}
    </div>
  )
}

function Piece({ item, number, now }: { item: Item; number: number; now: number }) {
  switch (item.type) {
    case 'message':
      return <MessageBubble bubble={item} number={number} />
    case 'note':
      return <NoteBubble memo={item} />
    case 'steps':
      return <StepsLine item={item} />
    case 'day':
      return <p className={style.day}>{day(item.at, now)}</p>
    case 'conversation':
      return <p className={style.mark}>{t('thread.conversation', { number: item.number })}</p>
  }
}

/** Keeps the end in sight for who is there, and the place for who reads further up. */
function useReading(items: Item[], sending: number, earlier: () => void) {
  const box = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const atEnd = useRef(true)
  const before = useRef({ first: '', height: 0, messages: 0, sending: 0 })
  const [unseen, count] = useState(0)
  const [away, move] = useState(false)

  const toEnd = useCallback(() => {
    atEnd.current = true
    if (box.current) box.current.scrollTop = box.current.scrollHeight
    count(0)
    move(false)
  }, [])

  useLayoutEffect(() => {
    const pane = box.current!
    const first = items.find((item) => item.type === 'message' || item.type === 'note' || item.type === 'steps')?.key ?? ''
    const messages = items.filter((item) => item.type === 'message' || item.type === 'note').length
    const was = before.current
    const grownAbove = was.first !== '' && first !== was.first
    if (grownAbove && !atEnd.current) pane.scrollTop += pane.scrollHeight - was.height
    else if (atEnd.current || sending > was.sending) toEnd()
    else if (!grownAbove && messages > was.messages) count((old) => old + messages - was.messages)
    before.current = { first, height: pane.scrollHeight, messages, sending }
  }, [items, sending, toEnd])

  // Pictures load, windows change their size: whoever was at the end stays there.
  useEffect(() => {
    const observer = new ResizeObserver(() => {
      if (box.current) before.current.height = box.current.scrollHeight
      if (atEnd.current && box.current) box.current.scrollTop = box.current.scrollHeight
    })
    observer.observe(content.current!)
    observer.observe(box.current!)
    return () => observer.disconnect()
  }, [])

  const onScroll = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current!
    const distance = scrollHeight - scrollTop - clientHeight
    atEnd.current = distance < NEAR_END
    move(distance >= NEAR_END)
    if (atEnd.current) count(0)
    if (scrollTop < NEAR_START && scrollHeight > clientHeight && distance >= NEAR_END) earlier()
  }
  return { box, content, unseen, away, toEnd, onScroll }
}
