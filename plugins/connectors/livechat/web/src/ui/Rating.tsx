import { useEffect, useRef, useState } from 'preact/hooks'
import { useHere } from './context.ts'
import { Icon } from './icons.tsx'

const PATIENCE = 8_000

/** Two buttons, then room for a comment. Whoever presses and goes away has rated too. */
export function Rating({ rated }: { rated: string }) {
  const { chat, words } = useHere()
  const [value, choose] = useState<'like' | 'dislike' | ''>('')
  const [comment, write] = useState('')
  const latest = useRef({ value, comment, done: false })
  latest.current.value = value
  latest.current.comment = comment

  const send = () => {
    const { value, comment, done } = latest.current
    if (!value || done) return
    latest.current.done = true
    chat.rate(value, comment.trim())
  }
  useEffect(() => {
    if (!value || comment) return
    const timer = setTimeout(send, PATIENCE)
    return () => clearTimeout(timer)
  }, [value, comment])
  useEffect(() => {
    addEventListener('pagehide', send)
    return () => removeEventListener('pagehide', send)
  }, [])

  if (rated) return <p class="note" role="status">{words.t('rated')}</p>
  return (
    <form
      class="card"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <div class="thumbs" role="group" aria-label={words.t('rate')}>
        {(['like', 'dislike'] as const).map((one) => (
          <button key={one} type="button" class="thumb" aria-pressed={value === one} onClick={() => choose(one)}>
            <Icon name={one} />
            {words.t(one)}
          </button>
        ))}
      </div>
      {value && (
        <>
          <textarea rows={2} maxLength={1000} dir="auto" aria-label={words.t('comment')} placeholder={words.t('comment')} value={comment} onInput={(event) => write(event.currentTarget.value)} />
          <button class="primary">{words.t('send')}</button>
        </>
      )}
    </form>
  )
}
