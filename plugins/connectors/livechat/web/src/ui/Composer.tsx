import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { State } from '../core.ts'
import { useHere } from './context.ts'
import { Icon } from './icons.tsx'

const touch = matchMedia('(pointer: coarse)').matches

/** Where the visitor writes. Enter sends, except on touch screens, where it is the only way to a new line. */
export function Composer({ state, focus, files }: { state: State; focus: number; files: (list: Iterable<File>) => void }) {
  const { chat, words } = useHere()
  const [text, set] = useState('')
  const [full, warn] = useState(false)
  const area = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const { limits } = state
  const tooLong = text.length > limits.text

  useEffect(() => {
    if (focus) area.current?.focus({ preventScroll: true })
  }, [focus])

  useLayoutEffect(() => {
    const element = area.current as HTMLTextAreaElement
    element.style.height = 'auto'
    element.style.height = `${element.scrollHeight}px`
  }, [text])

  const write = (value: string) => {
    set(value)
    warn(false)
    chat.draft(value)
  }
  const send = () => {
    if (!text.trim() || tooLong) return
    if (chat.write(text)) set('')
    else warn(true)
    area.current?.focus()
  }
  const problem = tooLong ? words.t('too_long', { n: limits.text }) : full ? words.t('full') : ''

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {problem && (
        <p class="bad" id="composer-bad" role="alert">
          {problem}
        </p>
      )}
      <div class="pill">
        {limits.file > 0 && (
          <>
            <button type="button" class="round" aria-label={words.t('attach')} title={words.t('attach')} onClick={() => picker.current?.click()}>
              <Icon name="attach" />
            </button>
            <input
              ref={picker}
              type="file"
              multiple
              hidden
              tabIndex={-1}
              onChange={(event) => {
                files(event.currentTarget.files ?? [])
                event.currentTarget.value = ''
              }}
            />
          </>
        )}
        <textarea
          ref={area}
          rows={1}
          dir="auto"
          value={text}
          aria-label={words.t('write')}
          placeholder={words.t('write')}
          enterkeyhint={touch ? 'enter' : 'send'}
          {...(problem && { 'aria-describedby': 'composer-bad' })}
          onInput={(event) => write(event.currentTarget.value)}
          onKeyDown={(event) => {
            // While an input method composes a word, Enter chooses it.
            if (event.key !== 'Enter' || event.isComposing || event.shiftKey || touch) return
            event.preventDefault()
            send()
          }}
          onPaste={(event) => {
            const pasted = event.clipboardData?.files
            if (!pasted?.length || limits.file <= 0) return
            event.preventDefault()
            files(pasted)
          }}
        />
        <button class="round send" aria-label={words.t('send')} title={words.t('send')} disabled={!text.trim() || tooLong}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  )
}
