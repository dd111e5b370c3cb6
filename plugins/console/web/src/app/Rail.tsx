// The narrow bar: where one is, who one is, whether one takes conversations, and how the console behaves.

import { ActionIcon, Button, Divider, Popover, SegmentedControl, Switch, Tooltip, useMantineColorScheme } from '@mantine/core'
import { useState } from 'react'
import { Link } from 'wouter'

import { setPresence, signOut } from '../actions.ts'
import { chime, mayNotify } from '../alerts.ts'
import { LANGUAGES, t } from '../i18n/index.ts'
import type { Preferences } from '../kept.ts'
import { prefer, set, useHub, useMe, useScreen } from '../store.ts'
import { AgentFace } from './Face.tsx'
import { Icon } from './icons.tsx'
import { Mark } from './Mark.tsx'
import style from './Rail.module.css'

export function Rail() {
  const waiting = useHub((hub) => hub.counters.queue)
  return (
    <nav className={style.rail} aria-label={t('app.main')}>
      <div className={style.mark}>
        <Mark size={34} />
      </div>
      <Tooltip label={t('app.inbox')} position="right">
        <Link href="/" className={style.item} aria-label={t('app.inbox')} aria-current="page">
          <Icon name="inbox" size={22} />
          {waiting > 0 && (
            <span className={style.badge} aria-hidden="true">
              {waiting > 99 ? '99+' : waiting}
            </span>
          )}
        </Link>
      </Tooltip>
      <div className={style.space} />
      <Tooltip label={`${t('app.help')} (?)`} position="right">
        <ActionIcon
          variant="subtle"
          color="gray"
          size={40}
          className={style.quiet}
          aria-label={t('app.help')}
          onClick={() => set({ dialog: 'help' })}
        >
          <Icon name="help" size={22} />
        </ActionIcon>
      </Tooltip>
      <Account />
    </nav>
  )
}

function Account() {
  const me = useMe()
  const online = me.state === 'online'
  const [open, show] = useState(false)
  return (
    <Popover opened={open} onChange={show} width={300} position="right-end" shadow="md" radius="lg" trapFocus returnFocus>
      <Popover.Target>
        <button
          type="button"
          className={style.me}
          aria-label={`${t('app.account')}: ${me.name}, ${t(`me.${me.state}`)}`}
          onClick={() => show(!open)}
        >
          <AgentFace agent={{ name: me.name, photo: me.photo, available: online }} size={36} />
        </button>
      </Popover.Target>
      <Popover.Dropdown p={4} aria-label={t('app.account')}>
        <div className={style.who}>
          <strong>{me.name}</strong>
          <span>{me.email}</span>
        </div>
        <Divider my={4} />
        <div className={style.setting}>
          <Switch
            checked={online}
            onChange={(event) => void setPresence(event.currentTarget.checked ? 'online' : 'offline')}
            label={t('me.state')}
            description={t(online ? 'me.state_on' : 'me.state_off')}
            color="green"
          />
        </div>
        <Divider my={4} />
        <Behaviour />
        <Divider my={4} />
        <Button
          variant="subtle"
          color="gray"
          fullWidth
          justify="start"
          className={style.out}
          leftSection={<Icon name="leave" size={18} />}
          onClick={() => void signOut()}
        >
          {t('me.sign_out')}
        </Button>
      </Popover.Dropdown>
    </Popover>
  )
}

function Behaviour() {
  const preferences = useScreen((screen) => screen.preferences)
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  return (
    <>
      <Choice
        label={t('me.theme')}
        value={colorScheme}
        options={[
          ['light', t('me.light')],
          ['dark', t('me.dark')],
          ['auto', t('me.system')],
        ]}
        onChange={(value) => setColorScheme(value as 'light' | 'dark' | 'auto')}
      />
      <Choice
        label={t('me.language')}
        value={preferences.language || 'auto'}
        options={[['auto', t('me.language_auto')], ...LANGUAGES.map(({ code, name }): [string, string] => [code, name])]}
        onChange={(value) => prefer({ language: value === 'auto' ? '' : (value as Preferences['language']) })}
      />
      <Choice
        label={t('me.send_with')}
        value={preferences.sendWith}
        options={[
          ['enter', t('me.send_enter')],
          ['ctrl', t('me.send_ctrl')],
        ]}
        onChange={(value) => prefer({ sendWith: value as Preferences['sendWith'] })}
      />
      <div className={style.setting}>
        <Switch
          label={t('me.sound')}
          checked={preferences.sound}
          onChange={(event) => {
            prefer({ sound: event.currentTarget.checked })
            if (event.currentTarget.checked) chime()
          }}
        />
        <Switch
          label={t('me.desktop')}
          checked={preferences.desktop}
          onChange={(event) => {
            const wanted = event.currentTarget.checked
            void (wanted ? mayNotify() : Promise.resolve(false)).then((desktop) => prefer({ desktop }))
          }}
        />
        <Switch
          label={t('me.keys')}
          checked={preferences.keys}
          onChange={(event) => prefer({ keys: event.currentTarget.checked })}
        />
      </div>
    </>
  )
}

interface ChoiceProps {
  label: string
  value: string
  options: [string, string][]
  onChange: (value: string) => void
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <div className={style.choice}>
      <span>{label}</span>
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label={label}
        value={value}
        data={options.map(([key, name]) => ({ value: key, label: name }))}
        onChange={onChange}
      />
    </div>
  )
}
