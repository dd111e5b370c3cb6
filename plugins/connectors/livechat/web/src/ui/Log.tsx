import { Fragment } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { Item, State } from '../core.ts'
import { Form, Rating } from './asked.ts'
import { useHere } from './context.ts'
import { Icon } from './icons.tsx'
import { Avatar, Bubble, noteOf } from './Message.tsx'

const NEAR = 200 // pixels from the end within which the reader still follows it

/** Everything that was said. Stays mounted: a screen reader would read a new log from the start. */
export function Log({ state }: { state: State }) {
  const { chat, words, config } = useHere()
  const box = useRef<HTMLDivElement>(null)
  const [follows, turn] = useState(true)
  const height = useRef({ first: '', total: 0 })
  const { items } = state

  useLayoutEffect(() => {
    const element = box.current as HTMLDivElement
    const first = items[0]?.key ?? ''
    const grownAbove = first !== height.current.first && !follows
    if (grownAbove) element.scrollTop += element.scrollHeight - height.current.total
    else if (follows || items.at(-1)?.state === 'waiting') element.scrollTop = element.scrollHeight
    height.current = { first, total: element.scrollHeight }
  }, [items, state.typing])

  useEffect(() => {
    // Pictures and the keyboard change the height after the fact.
    const element = box.current as HTMLDivElement
    const watch = new ResizeObserver(() => follows && (element.scrollTop = element.scrollHeight))
    watch.observe(element)
    watch.observe(element.firstElementChild as Element)
    return () => watch.disconnect()
  }, [follows])

  const scrolled = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current as HTMLDivElement
    turn(scrollHeight - scrollTop - clientHeight < NEAR)
    if (scrollTop < 80) chat.older()
  }
  const lastOwn = items.findLast((item) => item.from === 'me')
  const lastAsked = (ask: string) => items.findLast((item) => item.ask === ask)
  const lastMessage = items.findLast((item) => item.kind === 'msg')

  return (
    <div class="log-frame">
      <div class="log" ref={box} onScroll={scrolled} role="log" aria-label={words.t('chat')} tabIndex={0}>
        <div class="content">
          {state.before > 0 && (
            <button type="button" class="quiet" onClick={() => chat.older()}>
              {words.t('older')}
            </button>
          )}
          {state.ready && !items.length && (
            <div class="hello">
              <Avatar name={config.title} photo={config.photo} />
              <p>{words.t('hello')}</p>
            </div>
          )}
          {items.map((item, n) => {
            const [before, after] = [items[n - 1], items[n + 1]]
            const day = words.day(item.at)
            return (
              <Fragment key={item.key}>
                {(!before || words.day(before.at) !== day) && <p class="day">{day}</p>}
                {item.kind === 'note' ? (
                  noteOf(item) && <p class="note">{words.t(noteOf(item) as 'closed')}</p>
                ) : (
                  <Bubble
                    item={item}
                    first={!together(before, item)}
                    last={!together(item, after)}
                    told={item.state === 'failed' || item.state === 'waiting' || (item === lastOwn && item === lastMessage)}
                    open={item === lastMessage}
                  />
                )}
                {item.ask === 'rating' && item === lastAsked('rating') && <Rating rated={state.rated} />}
                {item.ask === 'form' && item === lastAsked('form') && config.form.length > 0 && <Form first={false} done={state.formDone} error={state.formError} />}
              </Fragment>
            )
          })}
          {state.typing !== null && (
            <div class="row theirs first last">
              <span class="avatar none" />
              <div class="bubble dots" aria-hidden="true">
                <i />
                <i />
                <i />
              </div>
            </div>
          )}
        </div>
      </div>
      <p class="hidden" role="status">
        {state.typing === null ? '' : state.typing ? words.t('typing', { name: state.typing }) : words.t('typing_unknown')}
      </p>
      {!follows && (
        <button
          type="button"
          class="latest"
          aria-label={words.t('latest')}
          onClick={() => {
            const element = box.current as HTMLDivElement
            element.scrollTo({ top: element.scrollHeight })
          }}
        >
          <Icon name="down" />
          {state.unread > 0 && words.n('unread', state.unread)}
        </button>
      )}
    </div>
  )
}

function together(one: Item | undefined, other: Item | undefined): boolean {
  return !!one && !!other && one.kind === 'msg' && other.kind === 'msg' && one.from === other.from && one.name === other.name && other.at - one.at < 300 && !one.ask
}

export function speaker(items: readonly Item[]): Item | undefined {
  return items.findLast((item) => item.from === 'agent')
}
