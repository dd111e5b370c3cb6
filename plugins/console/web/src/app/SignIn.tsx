import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useState, type FormEvent } from 'react'

import { signIn } from '../actions.ts'
import { Refused } from '../http.ts'
import { t } from '../i18n/index.ts'
import { refusal } from '../words.ts'
import { Mark } from './Mark.tsx'
import style from './SignIn.module.css'

export function SignIn() {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [error, setError] = useState('')
  const [busy, setBusy] = useState(false)

  async function go(event: FormEvent) {
    event.preventDefault()
    setBusy(true)
    setError('')
    try {
      await signIn(email.trim(), password)
    } catch (problem) {
      setError(why(problem))
      setBusy(false)
    }
  }

  return (
    <main className={style.page}>
      <form className={style.card} onSubmit={(event) => void go(event)}>
        <div className={style.brand}>
          <Mark size={36} />
          <span>openlines</span>
        </div>
        <h1 className={style.title}>{t('signin.title')}</h1>
        <p className={style.lead}>{t('signin.lead')}</p>
        <TextInput
          label={t('signin.email')}
          type="email"
          name="email"
          autoComplete="username"
          size="md"
          required
          withAsterisk={false}
          data-autofocus
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label={t('signin.password')}
          name="password"
          autoComplete="current-password"
          visibilityToggleButtonProps={{ 'aria-label': t('signin.show') }}
          size="md"
          required
          withAsterisk={false}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <p role="alert" className={style.error}>
          {error}
        </p>
        <Button type="submit" size="md" fullWidth loading={busy}>
          {t('signin.go')}
        </Button>
      </form>
    </main>
  )
}

function why(problem: unknown): string {
  if (problem instanceof Refused && problem.problem.status === 401) return t('signin.wrong')
  if (problem instanceof Refused && problem.problem.status === 429) return t('signin.many')
  return refusal(problem)
}
