import type { Item } from '../core.ts'
import type { ShownButton, ShownFile } from '../protocol.ts'
import type { Key, Words } from '../texts.ts'
import { useHere } from './context.ts'
import { Icon } from './icons.tsx'
import { kept } from './kept.ts'
import { Marked } from './Marked.tsx'

const NOTES: Partial<Record<string, Key>> = {
  accepted: 'accepted',
  intercepted: 'accepted',
  transferred: 'transferred',
  handed_over: 'transferred',
  closed: 'closed',
}

export const noteOf = (item: Item): Key | undefined => NOTES[item.what ?? '']

export function author(item: Item, words: Words, title: string): string {
  if (item.from === 'me') return words.t('you')
  return item.name || (item.from === 'bot' ? words.t('bot') : title || words.t('team'))
}

export function Avatar({ name, photo }: { name: string; photo: string | undefined }) {
  if (photo && /^https:\/\//.test(photo)) return <img class="avatar" src={photo} alt="" referrerpolicy="no-referrer" />
  const initials = name.match(/[\p{L}\p{N}]+/gu)?.slice(0, 2).map((word) => [...word][0]).join('') ?? ''
  return (
    <span class="avatar" aria-hidden="true">
      {initials.toLocaleUpperCase()}
    </span>
  )
}

interface Props {
  item: Item
  /** The first, and the last of several by one author. */
  first: boolean
  last: boolean
  /** Its state is worth showing: the last of the visitor's own, or one that failed. */
  told: boolean
  /** Its buttons can still be pressed. */
  open: boolean
}

export const Bubble = kept(function Bubble({ item, first, last, told, open }: Props) {
  const { words, config } = useHere()
  const mine = item.from === 'me'
  const name = author(item, words, config.title)
  const choices = open && !item.deleted && item.buttons && <Choices buttons={item.buttons} />
  const bubble = (
    <div class={`row ${mine ? 'mine' : 'theirs'}${first ? ' first' : ''}${last ? ' last' : ''}`}>
      {!mine && (last ? <Avatar name={name} photo={item.photo} /> : <span class="avatar none" />)}
      <div class="said">
        <span class="hidden">
          {name}, {words.time(item.at)}:
        </span>
        {!mine && first && (
          <span class="who" aria-hidden="true">
            {name}
            {item.title && <small> · {item.title}</small>}
          </span>
        )}
        {item.deleted ? (
          <div class="bubble gone">{words.t('deleted')}</div>
        ) : (
          <>
            {item.files?.map((file) => (
              <Attached file={file} progress={item.progress} key={file.url} />
            ))}
            {item.text && (
              <div class="bubble" title={words.time(item.at)}>
                <Marked text={item.text} own={mine} />
                {item.edited && <small class="edited">{words.t('edited')}</small>}
              </div>
            )}
            {item.location && <Place {...item.location} />}
            {item.contact && (
              <div class="bubble">
                <p dir="auto">{[item.contact.name, item.contact.phone, item.contact.email].filter(Boolean).join('\n')}</p>
              </div>
            )}
          </>
        )}
        {told && <Sending item={item} />}
      </div>
    </div>
  )
  return (
    <>
      {bubble}
      {choices}
    </>
  )
})

function Choices({ buttons }: { buttons: ShownButton[] }) {
  const { chat, words } = useHere()
  return (
    <div class="choices" role="group" aria-label={words.t('choose')}>
      {buttons.map((button) => (
        <button key={button.says} type="button" dir="auto" onClick={() => chat.write(button.says)}>
          {button.label}
        </button>
      ))}
    </div>
  )
}

function Attached({ file, progress }: { file: ShownFile; progress: number | undefined }) {
  const { words } = useHere()
  const image = /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type) && file.url
  const bar = progress !== undefined && <progress value={progress} aria-label={words.t('sending')} />
  if (image) {
    return (
      <a class="picture" href={file.url} target="_blank" rel="noopener">
        <img src={file.url} alt={file.name} loading="lazy" />
        {bar}
      </a>
    )
  }
  const inside = (
    <>
      <Icon name="file" />
      <span class="file-name" dir="auto">
        {file.name || words.t('file')}
      </span>
      <small>{file.size > 0 && words.size(file.size)}</small>
      {bar}
    </>
  )
  if (!file.url) return <div class="bubble file">{inside}</div>
  return (
    <a class="bubble file" href={file.url} target="_blank" rel="noopener noreferrer ugc" download={file.name}>
      {inside}
    </a>
  )
}

function Place({ lat, lon, title }: { lat: number; lon: number; title: string }) {
  const { words } = useHere()
  return (
    <a class="bubble file" href={`https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=16/${lat}/${lon}`} target="_blank" rel="noopener noreferrer">
      <Icon name="pin" />
      <span class="file-name">{title || words.t('location')}</span>
      <small>
        {lat.toFixed(4)}, {lon.toFixed(4)}
      </small>
    </a>
  )
}

const REASONS: Record<string, Key> = { bad_file: 'bad_file', empty: 'bad_file', not_multipart: 'bad_file' }

function Sending({ item }: { item: Item }) {
  const { chat, words } = useHere()
  if (item.state !== 'failed') return <span class="state">{words.t(item.state === 'waiting' ? 'sending' : 'sent')}</span>
  const limits = chat.state.limits
  const code = item.code ?? ''
  const why =
    code === 'too_large'
      ? words.t('too_large', { size: words.size(limits.file) })
      : code === 'too_long'
        ? words.t('too_long', { n: limits.text })
        : words.t(REASONS[code] ?? 'not_sent')
  return (
    <span class="state bad" role="alert">
      {why}
      {!['too_large', 'too_long'].includes(code) && (
        <button type="button" onClick={() => chat.retry(item.key)}>
          {words.t('retry')}
        </button>
      )}
      <button type="button" onClick={() => chat.discard(item.key)}>
        {words.t('remove')}
      </button>
    </span>
  )
}
