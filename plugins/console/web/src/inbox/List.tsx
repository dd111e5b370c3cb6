// The list of conversations: offers on top, tabs with counters, rows drawn only where they are seen.

import { Button, Skeleton } from '@mantine/core'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useMemo, useRef, type KeyboardEvent } from 'react'

import type { View } from '../api.ts'
import { t } from '../i18n/index.ts'
import { listed, VIEWS } from '../state.ts'
import { useHub, useMe, useScreen } from '../store.ts'
import { openView, readList } from '../sync.ts'
import { useCalmRows } from './calm.ts'
import style from './List.module.css'
import { Offers } from './Offers.tsx'
import { Row, ROW_HEIGHT } from './Row.tsx'

export function List({ selected }: { selected: number }) {
  return (
    <section className={style.list} aria-label={t('list.title')}>
      <Offers selected={selected} />
      <Tabs />
      <Rows selected={selected} />
    </section>
  )
}

function Tabs() {
  const view = useScreen((screen) => screen.view)
  const counters = useHub((hub) => hub.counters)
  const count = (one: View) => (one === 'closed' ? 0 : counters[one])

  function walk(event: KeyboardEvent) {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
    if (!by) return
    const next = VIEWS[(VIEWS.indexOf(view) + by + VIEWS.length) % VIEWS.length]!
    void openView(next)
    document.getElementById(`tab-${next}`)?.focus()
  }

  return (
    <div role="tablist" aria-label={t('list.title')} className={style.tabs} onKeyDown={walk}>
      {VIEWS.map((one) => (
        <button
          key={one}
          id={`tab-${one}`}
          type="button"
          role="tab"
          aria-selected={one === view}
          aria-controls="rows"
          tabIndex={one === view ? 0 : -1}
          title={t(`view.${one}_title`)}
          className={style.tab}
          onClick={() => void openView(one)}
        >
          {t(`view.${one}`)}
          {count(one) > 0 && <span className={style.count}>{count(one) > 999 ? '999+' : count(one)}</span>}
        </button>
      ))}
    </div>
  )
}

function Rows({ selected }: { selected: number }) {
  const me = useMe()
  const view = useScreen((screen) => screen.view)
  const hub = useScreen((screen) => screen.hub)
  const { state, next } = hub.lists[view]
  const fresh = useMemo(
    () => listed(view, hub, me),
    // Typing, stories and presence change often and order nothing.
    [view, hub.conversations, me],
  )
  const { rows, changed, apply, watch } = useCalmRows(view, fresh)

  const scroller = useRef<HTMLDivElement>(null)
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => rows[index]!.number,
    overscan: 6,
  })
  const shown = virtual.getVirtualItems()
  const end = shown.at(-1)?.index ?? -1
  useEffect(() => {
    if (state === 'ready' && next && end >= rows.length - 10) void readList(view, true)
  }, [state, next, end, rows.length, view])
  useEffect(() => {
    const at = rows.findIndex((row) => row.number === selected)
    if (at >= 0) virtual.scrollToIndex(at, { align: 'auto' })
    // Only a change of the selection scrolls: the list stays where it is when rows come and go.
  }, [selected])

  return (
    <div id="rows" role="tabpanel" aria-labelledby={`tab-${view}`} className={style.body} {...watch}>
      {changed > 0 && (
        <button type="button" className={style.pill} onClick={apply}>
          {t('list.changed', { n: changed })}
        </button>
      )}
      {rows.length === 0 ? (
        <Nothing view={view} state={state} />
      ) : (
        <div ref={scroller} className={style.scroll}>
          <ul style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {shown.map(({ key, index, start }) => (
              <li
                key={key}
                aria-setsize={next ? -1 : rows.length}
                aria-posinset={index + 1}
                className={style.slot}
                style={{ height: ROW_HEIGHT, transform: `translateY(${start}px)` }}
              >
                <Row row={rows[index]!} selected={rows[index]!.number === selected} />
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}

function Nothing({ view, state }: { view: View; state: string }) {
  const me = useMe()
  if (state === 'failed') {
    return (
      <div className={style.nothing}>
        <p>{t('list.failed')}</p>
        <Button variant="default" size="xs" onClick={() => void readList(view)}>
          {t('app.retry')}
        </Button>
      </div>
    )
  }
  if (state !== 'ready') {
    return (
      <div aria-busy="true" className={style.ghosts}>
        {[0, 1, 2, 3, 4].map((one) => (
          <div key={one}>
            <Skeleton height={40} width={40} circle />
            <div>
              <Skeleton height={10} width="55%" />
              <Skeleton height={10} mt={9} width="85%" />
            </div>
          </div>
        ))}
      </div>
    )
  }
  return (
    <div className={style.nothing}>
      <p>{t(`list.empty.${view}`)}</p>
      {me.state === 'offline' && view === 'mine' && <p>{t('list.offline_hint')}</p>}
    </div>
  )
}
