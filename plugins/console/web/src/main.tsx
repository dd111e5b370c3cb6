import './mantine.css'
import './look.css'

import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'

import { resume } from './actions.ts'
import { App } from './app/App.tsx'

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
void resume()
