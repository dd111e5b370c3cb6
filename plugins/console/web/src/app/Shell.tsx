// What staff see: rail, list, thread and customer panel, side by side as far as there is room.

import { Drawer } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { useEffect } from 'react'
import { useLocation, useRoute } from 'wouter'

import { keepWatch, nowShown, whenAsked } from '../alerts.ts'
import { Panel } from '../customer/Panel.tsx'
import { t } from '../i18n/index.ts'
import { List } from '../inbox/List.tsx'
import { somethingUnsent, whenOpened } from '../outbox.ts'
import { set, useHub, useScreen } from '../store.ts'
import { Dialogs } from '../thread/Dialogs.tsx'
import { Thread } from '../thread/Thread.tsx'
import { Help } from './Help.tsx'
import { Rail } from './Rail.tsx'
import { useShortcuts } from './shortcuts.ts'
import { Strip } from './Strip.tsx'
import style from './Shell.module.css'

const WIDE = '(min-width: 80em)'

export function Shell() {
  const number = useSelected()
  const [, go] = useLocation()
  const wide = useMediaQuery(WIDE, true, { getInitialValueInEffect: false })
  const wanted = useScreen((screen) => screen.preferences.panel)
  const drawer = useScreen((screen) => screen.drawer)
  const known = useHub((hub) => number in hub.details)

  useShortcuts(number)
  useEffect(keepWatch, [])
  useEffect(() => nowShown(number), [number])
  useEffect(() => {
    const open = (other: number) => go(address(other))
    whenAsked(open)
    whenOpened(open)
  }, [go])
  useEffect(() => {
    const warn = (event: BeforeUnloadEvent) => somethingUnsent() && event.preventDefault()
    window.addEventListener('beforeunload', warn)
    return () => window.removeEventListener('beforeunload', warn)
  }, [])

  const beside = wide && wanted && known
  return (
    <div className={style.shell}>
      <a href="#thread" className={style.skip}>
        {t('app.skip')}
      </a>
      <Strip />
      <div className={style.panes} data-open={number > 0} data-panel={beside}>
        <Rail />
        <List selected={number} />
        <Thread key={number} number={number} />
        {beside && <Panel number={number} />}
      </div>
      <Drawer
        opened={drawer && !wide && known}
        onClose={() => set({ drawer: false })}
        position="right"
        size="min(22rem, 92vw)"
        padding={0}
        title={t('panel.title')}
        classNames={{ header: style.drawerHead!, body: style.drawerBody! }}
        closeButtonProps={{ 'aria-label': t('app.close') }}
      >
        {known && <Panel number={number} bare />}
      </Drawer>
      <Dialogs number={number} />
      <Help />
    </div>
  )
}

export function address(number: number): string {
  return number ? `/conversations/${number}` : '/'
}

function useSelected(): number {
  const [found, params] = useRoute('/conversations/:number')
  const number = found ? Number(params.number) : 0
  return Number.isSafeInteger(number) && number > 0 ? number : 0
}
