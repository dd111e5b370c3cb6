// Where one writes: to the customer, or for staff only. The two look unlike: a note sent as a reply is the worst slip.

import { ActionIcon, Button, Textarea } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useEffect, useRef, useState, type ClipboardEvent, type KeyboardEvent } from 'react'

import { complain } from '../actions.ts'
import type { Action } from '../api.ts'
import { Icon } from '../app/icons.tsx'
import { tellTyping, typingOver } from '../feed.ts'
import { t } from '../i18n/index.ts'
import { say } from '../outbox.ts'
import { get, useHub, useMe, useScreen } from '../store.ts'
import { finish } from '../thread/Actions.tsx'
import style from './Composer.module.css'
import { Attachments } from './Attachments.tsx'
import { attach, cleared, draft, useAttachments, useDraft } from './drafts.ts'
import { asked, completed, matching, mentioned, type Asked } from './mentions.ts'
import { MentionList } from './MentionList.tsx'

const TEXT_LIMIT = 100_000
const NONE: Action[] = []

export function Composer({ number, thread }: { number: number; thread: string }) {
  const may = useHub((hub) => hub.details[number]?.actions ?? NONE)
  const known = useHub((hub) => number in hub.details)
  if (!known) return <div className={style.composer} aria-busy="true" />
  if (!may.includes('reply') && !may.includes('note')) return <p className={style.cannot}>{t('write.cannot')}</p>
  return <Writing number={number} thread={thread} may={may} />
}

function Writing({ number, thread, may }: { number: number; thread: string; may: Action[] }) {
  const me = useMe()
  const row = useHub((hub) => hub.conversations[number]!)
  const agents = useHub((hub) => hub.agents)
  const sendWith = useScreen((screen) => screen.preferences.sendWith)
  const touch = useMediaQuery('(pointer: coarse)') ?? false
  const words = useDraft(thread)
  const attachments = useAttachments(thread)
  const field = useRef<HTMLTextAreaElement>(null)
  const picker = useRef<HTMLInputElement>(null)
  const [mention, setMention] = useState<Asked | null>(null)
  const [picked, pick] = useState(0)

  const mode = !may.includes('reply') ? 'note' : !may.includes('note') ? 'reply' : words.mode
  const text = words[mode]
  const people = mention && mode === 'note' ? matching(Object.values(agents), mention.wanted, me.id) : []
  const uploading = attachments.some((one) => !one.id)
  const ready = !uploading && (text.trim() !== '' || attachments.length > 0) && text.length <= TEXT_LIMIT

  useEffect(() => {
    if (!touch && !get().walking) field.current?.focus({ preventScroll: true })
  }, [touch])

  function write(value: string, caret: number) {
    draft(thread, { [mode]: value })
    setMention(mode === 'note' ? asked(value, caret) : null)
    pick(0)
    if (mode === 'reply' && value.trim()) tellTyping(number)
  }

  function choose(at: number) {
    const person = people[at]
    if (!person || !mention || !field.current) return
    const next = completed(text, field.current.selectionStart, mention, person.name)
    draft(thread, { note: next.text })
    setMention(null)
    requestAnimationFrame(() => field.current?.setSelectionRange(next.caret, next.caret))
  }

  function send(): boolean {
    if (!ready) return false
    const files = attachments.map(({ id, name, type, size }) => ({ id, name, type, size }))
    const mentions = mode === 'note' ? mentioned(text, Object.values(agents)) : []
    say({ thread, number, mode, text: text.trim(), files, mentions })
    draft(thread, { [mode]: '', mode: 'reply' }) // after a note one is back with the customer, and sees it
    cleared(thread)
    typingOver()
    field.current?.focus()
    return true
  }

  function key(event: KeyboardEvent<HTMLTextAreaElement>) {
    if (event.nativeEvent.isComposing) return // Enter chooses a letter there
    if (people.length && heedMention(event)) return
    if (event.key !== 'Enter') return
    const strong = event.ctrlKey || event.metaKey
    if (strong && event.shiftKey) {
      event.preventDefault()
      if (send() && may.includes('finish')) void finish(number, true)
    } else if (strong || (sendWith === 'enter' && !event.shiftKey && !event.altKey && !touch)) {
      event.preventDefault()
      send()
    }
  }

  function heedMention(event: KeyboardEvent): boolean {
    const { key: pressed } = event
    if (pressed === 'ArrowDown') pick((picked + 1) % people.length)
    else if (pressed === 'ArrowUp') pick((picked + people.length - 1) % people.length)
    else if (pressed === 'Enter' || pressed === 'Tab') choose(picked)
    else if (pressed === 'Escape') setMention(null)
    else return false
    event.preventDefault()
    return true
  }

  function paste(event: ClipboardEvent) {
    const files = [...event.clipboardData.files]
    if (!files.length) return
    event.preventDefault()
    attach(thread, files, complain)
  }

  const note = mode === 'note'
  const name = row.customer_name || t('thread.customer')
  return (
    <div className={style.composer} data-mode={mode}>
      <div className={style.box}>
        <div className={style.head}>
          <Modes mode={mode} may={may} onChange={(next) => draft(thread, { mode: next })} />
          <span className={style.hint}>{hint(row.status, note)}</span>
        </div>
        <Attachments thread={thread} list={attachments} />
        {people.length > 0 && <MentionList people={people} picked={picked} onPick={choose} />}
        <Textarea
          ref={field}
          id="composer"
          variant="unstyled"
          autosize
          minRows={2}
          maxRows={12}
          classNames={{ input: style.input! }}
          aria-label={note ? t('thread.only_staff') : t('write.to', { name })}
          aria-describedby="composer-keys"
          {...(people.length ? { 'aria-controls': 'mentions', 'aria-activedescendant': `mention-${people[picked]?.id}` } : {})}
          placeholder={note ? t('write.note_to') : t('write.to', { name })}
          value={text}
          onChange={(event) => write(event.currentTarget.value, event.currentTarget.selectionStart)}
          onKeyDown={key}
          onPaste={paste}
          onBlur={() => setMention(null)}
        />
        <div className={style.foot}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={34}
            className={style.tool}
            aria-label={t('write.attach')}
            onClick={() => picker.current?.click()}
          >
            <Icon name="attach" />
          </ActionIcon>
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            onChange={(event) => {
              attach(thread, [...(event.currentTarget.files ?? [])], complain)
              event.currentTarget.value = ''
            }}
          />
          <span id="composer-keys" className={style.keys}>
            {touch ? '' : t(sendWith === 'enter' ? 'write.by_enter' : 'write.by_ctrl')}
          </span>
          <Button
            size="xs"
            color={note ? 'yellow.9' : 'indigo'}
            className={note ? style.noteSend : undefined}
            disabled={!ready}
            rightSection={<Icon name={note ? 'note' : 'send'} size={16} />}
            onClick={send}
          >
            {t(note ? 'write.send_note' : 'write.send')}
          </Button>
        </div>
      </div>
    </div>
  )
}

function hint(status: string, note: boolean): string {
  if (note) return t('thread.only_staff')
  if (status === 'closed') return t('write.closed')
  if (status === 'waiting' || status === 'with_bot') return t('write.takes')
  return ''
}

interface ModesProps {
  mode: 'reply' | 'note'
  may: Action[]
  onChange: (mode: 'reply' | 'note') => void
}

function Modes({ mode, may, onChange }: ModesProps) {
  const modes = (['reply', 'note'] as const).filter((one) => may.includes(one))
  return (
    <div role="radiogroup" aria-label={t('write.mode')} className={style.modes}>
      {modes.map((one) => (
        <button
          key={one}
          type="button"
          role="radio"
          aria-checked={one === mode}
          tabIndex={one === mode ? 0 : -1}
          data-mode={one}
          className={style.mode}
          onClick={() => onChange(one)}
          onKeyDown={(event) => {
            if (!['ArrowLeft', 'ArrowRight'].includes(event.key)) return
            const other = modes.find((each) => each !== one)
            if (!other) return
            onChange(other)
            event.currentTarget.parentElement?.querySelector<HTMLElement>(`[data-mode="${other}"]`)?.focus()
          }}
        >
          {t(`write.${one}`)}
        </button>
      ))}
    </div>
  )
}
