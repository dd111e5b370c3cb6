// The outermost frame: theme, language, and whether somebody is signed in.

import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { useEffect, useState } from 'react'
import { Router } from 'wouter'

import { closest, speak, speaking, type Language } from '../i18n/index.ts'
import { useScreen } from '../store.ts'
import { theme, variables } from '../theme.ts'
import { Mishap } from './Mishap.tsx'
import { Shell } from './Shell.tsx'
import { SignIn } from './SignIn.tsx'

export function App() {
  const me = useScreen((screen) => screen.me)
  const language = useLanguage()
  return (
    <MantineProvider theme={theme} cssVariablesResolver={variables} defaultColorScheme="auto">
      <Notifications position="bottom-left" limit={3} containerWidth={335} />
      <Router base="/console">
        {/* A new key draws everything anew: texts are read while drawing. */}
        <div key={language} lang={language} style={{ height: '100%' }}>
          <Mishap>{me === null ? <SignIn /> : me ? <Shell /> : null}</Mishap>
        </div>
      </Router>
    </MantineProvider>
  )
}

/** What the agent chose here, else what the hub says, else the browser's. */
function useLanguage(): Language {
  const chosen = useScreen((screen) => screen.preferences.language)
  const told = useScreen((screen) => screen.me?.language)
  const [language, show] = useState(speaking())
  useEffect(() => {
    const wanted = chosen || closest(told, ...navigator.languages)
    let current = true
    void speak(wanted).then(() => {
      document.documentElement.lang = wanted
      if (current) show(wanted)
    })
    return () => {
      current = false
    }
  }, [chosen, told])
  return language
}
