import { useEffect, useRef, useState } from 'preact/hooks'
import type { Key } from '../texts.ts'
import { type Field, useHere } from './context.ts'

const AUTOCOMPLETE: Record<string, string> = { name: 'name', email: 'email', phone: 'tel', company: 'organization' }
const OWN_LABELS = ['name', 'email', 'phone', 'company']

/** The questions of the channel's form; before the chat, or in it. */
export function Form({ first, done, error, onSkip }: { first: boolean; done: boolean; error: string; onSkip?: () => void }) {
  const { chat, words, config } = useHere()
  const [values, set] = useState<Record<string, string>>(() => ({ ...chat.user }) as Record<string, string>)
  const [wrong, mark] = useState<Record<string, Key>>({})
  const [sending, turn] = useState(false)
  const element = useRef<HTMLFormElement>(null)

  useEffect(() => {
    if (!error) return
    turn(false)
    const name = error.replace('invalid:', '')
    const field = config.form.find((one) => one.name === name)
    if (field) mark({ [name]: complaint(field, 'x') ?? 'missing' })
  }, [error])

  if (done) return <p class="note" role="status">{words.t('form_done')}</p>

  const submit = (event: Event) => {
    event.preventDefault()
    const told: Record<string, string> = {}
    const found: Record<string, Key> = {}
    for (const field of config.form) {
      const value = (values[field.name] ?? '').trim()
      const bad = complaint(field, value)
      if (bad) found[field.name] = bad
      else if (value) told[field.name] = value
    }
    mark(found)
    const faulty = config.form.find((field) => found[field.name])
    if (faulty) element.current?.querySelector<HTMLElement>(`[name="${faulty.name}"]`)?.focus()
    else {
      turn(true)
      chat.fill(told)
    }
  }

  return (
    <form ref={element} class="card" noValidate onSubmit={submit} aria-labelledby="form-title">
      <p id="form-title" class="ask">
        {words.t(first ? 'form_first' : 'form')}
      </p>
      {config.form.map((field) => {
        const id = `field-${field.name}`
        const bad = wrong[field.name]
        const common = {
          id,
          name: field.name,
          dir: 'auto' as const,
          maxLength: field.type === 'textarea' ? 1000 : 200,
          value: values[field.name] ?? '',
          required: field.required,
          'aria-invalid': bad ? ('true' as const) : ('false' as const),
          ...(bad && { 'aria-describedby': `${id}-bad` }),
          ...(AUTOCOMPLETE[field.name] && { autocomplete: AUTOCOMPLETE[field.name] as 'name' }),
          onInput: (event: { currentTarget: { value: string } }) => set({ ...values, [field.name]: event.currentTarget.value }),
        }
        return (
          <div class="field" key={field.name}>
            <label for={id}>
              {field.label || (OWN_LABELS.includes(field.name) ? words.t(field.name as Key) : field.name)}
              {!field.required && <small> ({words.t('optional')})</small>}
            </label>
            {field.type === 'textarea' ? <textarea rows={3} {...common} /> : <input type={field.type as 'text'} {...common} />}
            {bad && (
              <p class="bad" id={`${id}-bad`}>
                {words.t(bad)}
              </p>
            )}
          </div>
        )
      })}
      <button class="primary" disabled={sending}>
        {words.t(sending ? 'sending' : first ? 'start' : 'send')}
      </button>
      {onSkip && (
        <button type="button" class="quiet" onClick={onSkip}>
          {words.t('skip')}
        </button>
      )}
    </form>
  )
}

// The same as the server's own check, so that most mistakes are seen at once.
function complaint(field: Field, value: string): Key | null {
  if (!value) return field.required ? 'missing' : null
  if (field.type === 'email' && !/^\S+@[^\s@]+\.[^\s@]+$/.test(value)) return 'bad_email'
  if (field.type === 'tel' && value.replace(/\D/g, '').length < 5) return 'bad_phone'
  return null
}
