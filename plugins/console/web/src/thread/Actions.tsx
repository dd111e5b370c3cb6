// What may be done now, as the hub says: the likely next step as a button, the rest in a menu.

import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core'
import { useState } from 'react'

import { act, type Verb } from '../actions.ts'
import type { Action, ConversationOut } from '../api.ts'
import { Icon, type IconName } from '../app/icons.tsx'
import { t } from '../i18n/index.ts'
import { get, set, useHub, useMe } from '../store.ts'
import style from './Actions.module.css'

const NONE: Action[] = []

export function Actions({ number }: { number: number }) {
  const may = useHub((hub) => hub.details[number]?.actions ?? NONE)
  const pinned = useHub((hub) => hub.conversations[number]?.pinned ?? false)
  const offered = may.includes('accept')
  const me = useMe()
  const mine = useHub((hub) => isIn(hub.conversations[number], me.id))
  return (
    <div className={style.actions}>
      {offered && <Do verb="accept" number={number} primary />}
      {!offered && may.includes('intercept') && !mine && <Do verb="intercept" number={number} primary />}
      {may.includes('transfer') && <Tool icon="transfer" label={t('act.transfer')} keys="Alt + T" open="transfer" />}
      {may.includes('invite') && <Tool icon="invite" label={t('act.invite')} keys="Alt + I" open="invite" />}
      {may.includes('finish') && <Finish number={number} primary={!offered} />}
      <More number={number} may={may} pinned={pinned} aside={offered || mine} />
    </div>
  )
}

function isIn(row: ConversationOut | undefined, me: string): boolean {
  return row?.responsible === me || (row?.participants.includes(me) ?? false)
}

function Do({ verb, number, primary }: { verb: Verb & Action; number: number; primary?: boolean }) {
  const [busy, setBusy] = useState(false)
  async function run() {
    setBusy(true)
    await act(number, verb)
    setBusy(false)
  }
  return (
    <Button size="xs" variant={primary ? 'filled' : 'default'} loading={busy} onClick={() => void run()}>
      {t(`act.${verb}`)}
    </Button>
  )
}

interface ToolProps {
  icon: IconName
  label: string
  keys: string
  open: 'transfer' | 'invite'
}

function Tool({ icon, label, keys, open }: ToolProps) {
  return (
    <Tooltip label={`${label} (${keys})`}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={36}
        className={`${style.tool} ${style.wide}`}
        aria-label={label}
        onClick={() => set({ dialog: open })}
      >
        <Icon name={icon} />
      </ActionIcon>
    </Tooltip>
  )
}

function Finish({ number, primary }: { number: number; primary: boolean }) {
  return (
    <Button.Group>
      <Button
        size="xs"
        variant={primary ? 'filled' : 'default'}
        color="teal.9"
        leftSection={<Icon name="check" size={16} />}
        aria-label={t('act.finish')}
        onClick={() => void finish(number, true)}
      >
        <span className={style.wide}>{t('act.finish')}</span>
      </Button>
      <Menu width={220}>
        <Menu.Target>
          <Button size="xs" variant={primary ? 'filled' : 'default'} color="teal.9" px={6} aria-label={t('act.finish_unsolved')}>
            <Icon name="chevron" size={16} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Icon name="good" size={18} />} onClick={() => void finish(number, true)}>
            {t('act.finish_solved')}
          </Menu.Item>
          <Menu.Item leftSection={<Icon name="bad" size={18} />} onClick={() => void finish(number, false)}>
            {t('act.finish_unsolved')}
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </Button.Group>
  )
}

/** Where the line wants a confirmation the dialog asks, with both marks to choose from. */
export async function finish(number: number, solved: boolean, confirmed = false): Promise<void> {
  const became = await act(number, 'finish', { solved, confirmed }, ['confirmation_required'])
  if (became === 'confirmation_required') set({ dialog: 'finish' })
}

/** What cannot be taken back. */
const FINAL = new Set<Action>(['spam', 'refuse_consent'])

function More({ number, may, pinned, aside }: { number: number; may: Action[]; pinned: boolean; aside: boolean }) {
  const items: [Action, IconName][] = [
    ['decline', 'close'],
    ['return', 'queue'],
    ['leave', 'leave'],
    ['pin', 'pin'],
    ['save_to_crm', 'card'],
    ['rate', 'star'],
    ['refuse_consent', 'close'],
    ['spam', 'spam'],
  ]
  // Taking over is a button of its own for somebody outside; who takes part finds it here.
  if (aside) items.unshift(['intercept', 'hand'])
  const shown = items.filter(([action]) => may.includes(action))
  const dialogs = (['transfer', 'invite'] as const).filter((one) => may.includes(one))
  if (!shown.length && !dialogs.length) return null

  function run(action: Action) {
    if (action === 'spam' || action === 'refuse_consent' || action === 'rate') set({ dialog: action })
    else if (action === 'pin') void act(number, 'pin', { on: !get().hub.conversations[number]?.pinned })
    else void act(number, action as Verb)
  }

  return (
    <Menu width={230}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={36} className={style.tool} aria-label={t('act.more')}>
          <Icon name="more" />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {dialogs.map((one) => (
          <Menu.Item
            key={one}
            className={style.narrow!}
            leftSection={<Icon name={one} size={18} />}
            onClick={() => set({ dialog: one })}
          >
            {t(`act.${one}`)}
          </Menu.Item>
        ))}
        {shown.map(([action, icon]) => (
          <Menu.Item
            key={action}
            leftSection={<Icon name={icon} size={18} />}
            {...(FINAL.has(action) ? { color: 'red' } : {})}
            onClick={() => run(action)}
          >
            {action === 'pin' && pinned ? t('act.unpin') : t(`act.${action}` as 'act.pin')}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
