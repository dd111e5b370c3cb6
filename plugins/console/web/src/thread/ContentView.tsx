// What one message says. Text stays text: addresses become links, nothing becomes HTML.

import { Fragment, type ReactNode } from 'react'

import type { Content, FormField } from '../api.ts'
import { Icon } from '../app/icons.tsx'
import { size } from '../format.ts'
import { fileAddress } from '../http.ts'
import { t } from '../i18n/index.ts'
import { known } from '../words.ts'
import style from './ContentView.module.css'

type FileOf = NonNullable<Content['files']>[number]

const NOBODY: string[] = []

export function ContentView({ content, mentions = NOBODY }: { content: Content; mentions?: string[] }) {
  const { text, files = [], buttons = [], fields = [], location, contact } = content
  return (
    <>
      {files.length > 0 && (
        <div className={style.files}>
          {files.map((file, at) => (
            <FileView key={`${file.id ?? file.url ?? ''}-${at}`} file={file} />
          ))}
        </div>
      )}
      {text && <p className={style.text}>{linked(text, mentions)}</p>}
      {location && (
        <a className={style.card} {...OUTSIDE} href={mapAddress(location.latitude, location.longitude)}>
          <Icon name="place" />
          <span>{location.title || t('thread.location')}</span>
          <small>{`${location.latitude.toFixed(5)}, ${location.longitude.toFixed(5)}`}</small>
        </a>
      )}
      {contact && (
        <div className={style.card}>
          <Icon name="card" />
          <span>{contact.name || t('thread.contact')}</span>
          <small>{[contact.phone, contact.email].filter(Boolean).join(' · ')}</small>
        </div>
      )}
      {fields.length > 0 && <FormView fields={fields} />}
      {buttons.length > 0 && (
        <p className={style.buttons}>
          {buttons.map((button, at) => (
            <span key={at}>{button.label}</span>
          ))}
        </p>
      )}
    </>
  )
}

/** What the customer is asked, as the questions stand in their form. */
function FormView({ fields }: { fields: FormField[] }) {
  return (
    <ul className={style.form} aria-label={t('form.asks')}>
      {fields.map(({ name, label, type = 'text', required = false }) => (
        <li key={name}>
          <span>{label || t(known(`form.${name}`, 'form.other'), { name })}</span>
          <small>{[kindOf(type), required && t('form.required')].filter(Boolean).join(' · ')}</small>
        </li>
      ))}
    </ul>
  )
}

/** What kind of answer is wanted, unless it goes without saying. */
function kindOf(type: string): string {
  return PLAIN.has(type) ? '' : t(known(`form.type.${type}`, 'form.other'), { name: type })
}

const PLAIN = new Set(['text', 'long_text', 'email', 'phone'])

const OUTSIDE = { target: '_blank', rel: 'noopener noreferrer ugc' } as const

function FileView({ file }: { file: FileOf }) {
  const address = fileAddress(file)
  const type = file.type ?? ''
  const says = t('thread.file', { name: file.name, size: file.size ? size(file.size) : '' })
  if (file.id && type.startsWith('image/')) {
    return (
      <a href={address} {...OUTSIDE} className={style.picture} aria-label={says}>
        <img src={address} alt={file.name} loading="lazy" />
      </a>
    )
  }
  if (file.id && type.startsWith('audio/')) return <audio controls preload="none" src={address} aria-label={says} />
  if (file.id && type.startsWith('video/')) {
    return <video controls preload="metadata" className={style.video} src={address} aria-label={says} />
  }
  const inside = (
    <>
      <Icon name={file.id ? 'file' : 'outside'} />
      <span>{file.name}</span>
      <small>{file.size ? size(file.size) : ''}</small>
    </>
  )
  if (!address) return <span className={style.card}>{inside}</span>
  return (
    <a className={style.card} href={address} {...(file.id ? { download: file.name } : OUTSIDE)} aria-label={says}>
      {inside}
    </a>
  )
}

const ADDRESS = /\bhttps?:\/\/[^\s<>"']+[^\s<>"'.,;:!?)\]}»”]/gi

/** Addresses become links, mentioned colleagues stand out. */
function linked(text: string, mentions: string[]): ReactNode {
  const pieces: ReactNode[] = []
  let from = 0
  for (const { index, 0: address } of text.matchAll(ADDRESS)) {
    pieces.push(marked(text.slice(from, index), mentions, index))
    pieces.push(
      <a key={index} href={address} {...OUTSIDE}>
        {address}
      </a>,
    )
    from = index + address.length
  }
  pieces.push(marked(text.slice(from), mentions, -1))
  return pieces
}

function marked(text: string, mentions: string[], key: number): ReactNode {
  const name = mentions.find((one) => text.includes(`@${one}`))
  if (!name) return <Fragment key={`text-${key}`}>{text}</Fragment>
  const at = text.indexOf(`@${name}`)
  const end = at + name.length + 1
  return (
    <Fragment key={`text-${key}`}>
      {text.slice(0, at)}
      <strong>{text.slice(at, end)}</strong>
      {marked(text.slice(end), mentions, key)}
    </Fragment>
  )
}

function mapAddress(latitude: number, longitude: number): string {
  return `https://www.openstreetmap.org/?mlat=${latitude}&mlon=${longitude}#map=16/${latitude}/${longitude}`
}
