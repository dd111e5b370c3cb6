// What asks before it is done: transfer, invite, spam, a refused consent, finish where the line wants it confirmed, a rating.

import { Button, Modal, Rating, Textarea, TextInput } from '@mantine/core'
import { useState, type ReactNode } from 'react'

import { act } from '../actions.ts'
import { AgentFace } from '../app/Face.tsx'
import { Icon } from '../app/icons.tsx'
import { t } from '../i18n/index.ts'
import { set, useHub, useMe, useScreen } from '../store.ts'
import { finish } from './Actions.tsx'
import style from './Dialogs.module.css'

const close = () => set({ dialog: '' })

export function Dialogs({ number }: { number: number }) {
  const dialog = useScreen((screen) => screen.dialog)
  const known = useHub((hub) => number in hub.conversations)
  if (!known) return null
  return (
    <>
      <Frame open={dialog === 'transfer'} title={t('transfer.title')}>
        <Choose number={number} what="transfer" />
      </Frame>
      <Frame open={dialog === 'invite'} title={t('invite.title')}>
        <Choose number={number} what="invite" />
      </Frame>
      <Frame open={dialog === 'spam'} title={t('spam.title')}>
        <Surely number={number} verb="spam" />
      </Frame>
      <Frame open={dialog === 'refuse_consent'} title={t('refuse_consent.title')}>
        <Surely number={number} verb="refuse_consent" />
      </Frame>
      <Frame open={dialog === 'finish'} title={t('finish.title')}>
        <Finish number={number} />
      </Frame>
      <Frame open={dialog === 'rate'} title={t('rate.title', { number })}>
        <Rate number={number} />
      </Frame>
    </>
  )
}

function Frame({ open, title, children }: { open: boolean; title: string; children: ReactNode }) {
  return (
    <Modal opened={open} onClose={close} title={title} closeButtonProps={{ 'aria-label': t('app.close') }}>
      {children}
    </Modal>
  )
}

function Choose({ number, what }: { number: number; what: 'transfer' | 'invite' }) {
  const me = useMe()
  const [wanted, find] = useState('')
  const agents = useHub((hub) => hub.agents)
  const lines = useHub((hub) => hub.lines)
  const row = useHub((hub) => hub.conversations[number]!)
  const fits = (name: string) => name.toLocaleLowerCase().includes(wanted.trim().toLocaleLowerCase())
  const people = Object.values(agents)
    .filter((agent) => fits(agent.name) && agent.id !== row.responsible)
    .filter((agent) => (what === 'transfer' ? agent.id !== me.id : !row.participants.includes(agent.id)))
    .sort((a, b) => Number(b.available) - Number(a.available) || a.name.localeCompare(b.name))
  const targets = what === 'transfer' ? Object.values(lines).filter((line) => fits(line.name) && line.id !== row.line) : []

  function choose(to: string) {
    close()
    void act(number, what, what === 'transfer' ? { to } : { agent: to })
  }

  return (
    <div className={style.choose}>
      <TextInput
        data-autofocus
        aria-label={t(`${what}.find`)}
        placeholder={t(`${what}.find`)}
        leftSection={<Icon name="search" size={18} />}
        value={wanted}
        onChange={(event) => find(event.currentTarget.value)}
        onKeyDown={(event) => {
          const first = people[0]?.id ?? (targets[0] && `line:${targets[0].id}`)
          if (event.key === 'Enter' && first && wanted) choose(first)
        }}
      />
      <div className={style.options} tabIndex={0} role="group" aria-label={t(`${what}.title`)}>
        {people.length > 0 && what === 'transfer' && <h3>{t('transfer.agents')}</h3>}
        {people.map((agent) => (
          <button key={agent.id} type="button" className={style.option} onClick={() => choose(agent.id)}>
            <AgentFace agent={agent} size={30} />
            <span>{agent.name}</span>
            <small>{agent.available ? t('people.available') : agent.absence}</small>
          </button>
        ))}
        {targets.length > 0 && <h3>{t('transfer.lines')}</h3>}
        {targets.map((line) => (
          <button
            key={line.id}
            type="button"
            className={style.option}
            disabled={!line.active}
            onClick={() => choose(`line:${line.id}`)}
          >
            <span className={style.lineMark}>
              <Icon name="queue" size={18} />
            </span>
            <span>{line.name}</span>
            {!line.active && <small>{t('people.line_off')}</small>}
          </button>
        ))}
        {people.length + targets.length === 0 && <p className={style.none}>{t('transfer.none')}</p>}
      </div>
    </div>
  )
}

/** Asks before what cannot be taken back. */
function Surely({ number, verb }: { number: number; verb: 'spam' | 'refuse_consent' }) {
  const name = useHub((hub) => hub.conversations[number]!.customer_name || `#${number}`)
  return (
    <>
      <p>{t(`${verb}.text`, { number, name })}</p>
      <div className={style.buttons}>
        <Button variant="default" data-autofocus onClick={close}>
          {t('app.cancel')}
        </Button>
        <Button
          color="red.8"
          onClick={() => {
            close()
            void act(number, verb)
          }}
        >
          {t(`act.${verb}`)}
        </Button>
      </div>
    </>
  )
}

function Finish({ number }: { number: number }) {
  const name = useHub((hub) => hub.conversations[number]!.customer_name || `#${number}`)
  function go(solved: boolean) {
    close()
    void finish(number, solved, true)
  }
  return (
    <>
      <p>{t('finish.text', { name })}</p>
      <div className={style.buttons}>
        <Button variant="default" onClick={close}>
          {t('app.cancel')}
        </Button>
        <Button variant="default" onClick={() => go(false)}>
          {t('panel.unsolved')}
        </Button>
        <Button color="teal.9" data-autofocus onClick={() => go(true)}>
          {t('panel.solved')}
        </Button>
      </div>
    </>
  )
}

function Rate({ number }: { number: number }) {
  const before = useHub((hub) => hub.conversations[number]!.supervisor_rating)
  const [score, setScore] = useState(before)
  const [comment, setComment] = useState('')
  return (
    <div className={style.choose}>
      <Rating size="xl" value={score} onChange={setScore} getSymbolLabel={(value) => t('rate.score', { n: value })} />
      <Textarea
        label={t('rate.comment')}
        autosize
        minRows={2}
        maxRows={8}
        value={comment}
        onChange={(event) => setComment(event.currentTarget.value)}
      />
      <div className={style.buttons}>
        <Button variant="default" onClick={close}>
          {t('app.cancel')}
        </Button>
        <Button
          disabled={!score}
          onClick={() => {
            close()
            void act(number, 'rate', { score, comment })
          }}
        >
          {t('rate.go')}
        </Button>
      </div>
    </div>
  )
}
