import { Button, Skeleton } from '@mantine/core'
import { useEffect, useState } from 'react'

import type { RecordOut } from '../api.ts'
import { Icon } from '../app/icons.tsx'
import { read } from '../http.ts'
import { t } from '../i18n/index.ts'
import { useHub } from '../store.ts'
import { Facts } from './Panel.tsx'
import style from './Panel.module.css'

/** What the CRM knows. It may be slow or down: the rest of the panel does not wait for it. */
export function Records({ number }: { number: number }) {
  const [records, show] = useState<RecordOut[] | 'loading' | 'failed'>('loading')
  const [attempt, again] = useState(0)
  // What the line did to the CRM changes what it knows.
  const changes = useHub((hub) => {
    const thread = hub.conversations[number]?.thread ?? ''
    const steps = hub.stories[thread]?.entries ?? []
    return steps.filter((entry) => entry.kind === 'Decision' && CRM.has(entry.body.what)).length
  })

  useEffect(() => {
    const end = new AbortController()
    read<{ items: RecordOut[] }>(`/conversations/${number}/records`, end.signal).then(
      ({ items }) => show(items),
      () => end.signal.aborted || show('failed'),
    )
    return () => end.abort()
  }, [number, attempt, changes])

  if (records === 'loading') return <Skeleton height={54} radius="md" />
  if (records === 'failed') {
    return (
      <div className={style.none}>
        <p>{t('panel.records_failed')}</p>
        <Button size="compact-xs" variant="default" onClick={() => again(attempt + 1)}>
          {t('app.retry')}
        </Button>
      </div>
    )
  }
  if (!records.length) return <p className={style.none}>{t('panel.records_none')}</p>
  return (
    <ul className={style.records}>
      {records.map((record) => (
        <li key={`${record.crm}-${record.kind}-${record.id}`} className={style.record}>
          <p className={style.recordHead}>
            <span className={style.kind}>{t(`panel.record.${record.kind}`)}</span>
            <strong>{record.name || record.id}</strong>
            {/^(https?:\/\/|\/(?!\/))/.test(record.url) && (
              <a href={record.url} target="_blank" rel="noopener noreferrer" aria-label={t('panel.open_record')}>
                <Icon name="outside" size={17} />
              </a>
            )}
          </p>
          <Facts facts={Object.entries(record.fields)} />
          {record.timeline.length > 0 && (
            <details className={style.timeline}>
              <summary>{t('panel.timeline')}</summary>
              <ol>
                {record.timeline.map((line, at) => (
                  <li key={at}>{line}</li>
                ))}
              </ol>
            </details>
          )}
        </li>
      ))}
    </ul>
  )
}

const CRM = new Set(['identified', 'crm_recorded', 'crm_logged', 'form_filled'])
