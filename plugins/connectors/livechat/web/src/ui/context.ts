import { createContext } from 'preact'
import { useContext, useEffect, useState } from 'preact/hooks'
import type { Chat, State } from '../core.ts'
import type { Words } from '../texts.ts'

export interface Field {
  name: string
  label: string
  type: string
  required: boolean
}

export interface Config {
  id: string
  title: string
  subtitle: string
  photo: string
  colour: string
  language: string
  auto: boolean
  form: Field[]
  formFirst: boolean
}

export interface Here {
  chat: Chat
  words: Words
  config: Config
}

export const Context = createContext<Here>(undefined as never)
export const useHere = (): Here => useContext(Context)

export function useChat(chat: Chat): State {
  const [state, set] = useState(chat.state)
  useEffect(() => {
    set(chat.state)
    return chat.subscribe(() => set(chat.state))
  }, [chat])
  return state
}
