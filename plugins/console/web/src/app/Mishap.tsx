import { Button } from '@mantine/core'
import { Component, type ReactNode } from 'react'

import { t } from '../i18n/index.ts'
import style from './SignIn.module.css'

/** A screen that fails to draw says so, instead of leaving nothing. Drafts are kept in the browser. */
export class Mishap extends Component<{ children: ReactNode }, { broken: boolean }> {
  override state = { broken: false }

  static getDerivedStateFromError(): { broken: boolean } {
    return { broken: true }
  }

  override render(): ReactNode {
    if (!this.state.broken) return this.props.children
    return (
      <main className={style.page}>
        <div className={style.card} role="alert">
          <h1 className={style.title}>{t('app.broken')}</h1>
          <p className={style.lead}>{t('app.broken_hint')}</p>
          <Button onClick={() => location.reload()}>{t('app.reload')}</Button>
        </div>
      </main>
    )
  }
}
