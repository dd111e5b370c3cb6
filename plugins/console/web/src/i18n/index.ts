// Texts in the agent's language. English is built in; another language is fetched when somebody speaks it.

import { en, type Key } from './en.ts'

export type { Key }
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }
export type Catalog = Record<Key, string | Forms>
export type Language = 'en' | 'ru'

export const LANGUAGES: readonly { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'ru', name: 'Русский' },
]

let catalog: Catalog = en
let language: Language = 'en'
let plural = new Intl.PluralRules('en')

export function speaking(): Language {
  return language
}

/** The first language of those wanted that there is. */
export function closest(...wanted: (string | undefined)[]): Language {
  const codes = wanted.map((tag) => tag?.slice(0, 2).toLowerCase())
  return LANGUAGES.find(({ code }) => code === codes.find((one) => LANGUAGES.some((known) => known.code === one)))?.code ?? 'en'
}

export async function speak(wanted: Language): Promise<void> {
  if (wanted === 'ru') catalog = (await import('./ru.ts')).ru
  else catalog = en
  language = wanted
  plural = new Intl.PluralRules(wanted)
}

export function t(key: Key, values: Record<string, string | number> = {}): string {
  const found = catalog[key]
  const text = typeof found === 'string' ? found : (found[plural.select(Number(values['n'] ?? 0))] ?? found.other)
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}
