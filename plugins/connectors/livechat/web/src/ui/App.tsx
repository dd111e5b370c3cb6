import { useEffect, useErrorBoundary, useState } from 'preact/hooks'
import { framed } from '../bridge.ts'
import { Form } from './asked.ts'
import { Composer } from './Composer.tsx'
import { type Here, Context, useChat } from './context.ts'
import { Icon } from './icons.tsx'
import { Log, speaker } from './Log.tsx'
import { author, Avatar } from './Message.tsx'

interface Props extends Here {
  /** Counts the times the window was opened: each puts the cursor into the composer. */
  opened: number
  onClose(): void
}

export function App({ chat, words, config, opened, onClose }: Props) {
  const state = useChat(chat)
  const [dragged, drag] = useState(false)
  const [skipped, skip] = useState(false)
  const [broken] = useErrorBoundary((error) => console.error(error))

  useEffect(() => {
    const escape = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.isComposing) onClose()
    }
    addEventListener('keydown', escape)
    return () => removeEventListener('keydown', escape)
  }, [])

  const attach = (list: Iterable<File>) => {
    for (const file of [...list].slice(0, state.limits.files)) chat.attach(file)
  }
  const agent = speaker(state.items)
  const name = agent ? author(agent, words, config.title) : config.title
  // Who has a token has most likely said something: what that was is known with the welcome.
  const fresh = !state.items.length && (state.ready || !chat.token)
  const asksFirst = config.formFirst && !state.formDone && !skipped && fresh
  const optional = config.form.every((field) => !field.required)

  return (
    <Context.Provider value={{ chat, words, config }}>
      <main
        aria-label={config.title}
        class={dragged ? 'dragged' : ''}
        data-drop={words.t('drop')}
        onDragOver={(event) => {
          if (!event.dataTransfer?.types.includes('Files') || state.limits.file <= 0) return
          event.preventDefault()
          drag(true)
        }}
        onDragLeave={(event) => event.relatedTarget === null && drag(false)}
        onDrop={(event) => {
          event.preventDefault()
          drag(false)
          attach(event.dataTransfer?.files ?? [])
        }}
      >
        <header>
          <Avatar name={name} photo={agent ? agent.photo : config.photo} />
          <div class="titles">
            <h1 dir="auto">{name}</h1>
            <p dir="auto">{agent ? agent.title || config.title : config.subtitle}</p>
          </div>
          {framed && (
            <button type="button" class="round" aria-label={words.t('close')} title={words.t('close')} onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </header>
        <p class={`strip ${state.phase}`} role="status">
          {state.phase === 'offline' && words.t('offline')}
          {state.phase === 'connecting' && !state.ready && words.t('connecting')}
          {state.phase === 'refused' && words.t('refused')}
          {broken && words.t('broken')}
        </p>
        {asksFirst ? (
          <div class="log">
            <div class="content">
              <Form first done={false} error={state.formError} {...(optional && { onSkip: () => skip(true) })} />
            </div>
          </div>
        ) : (
          <>
            <Log state={state} />
            {state.phase !== 'refused' && <Composer state={state} focus={opened} files={attach} />}
          </>
        )}
      </main>
    </Context.Provider>
  )
}
