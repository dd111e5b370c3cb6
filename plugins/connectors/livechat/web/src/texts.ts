// The window's own words. One small file a language, fetched when it is needed.
import type en from './locales/en.json'

export type Texts = typeof en
export type Key = { [K in keyof Texts]: Texts[K] extends string ? K : never }[keyof Texts]
export type Counted = Exclude<keyof Texts, Key>
type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string }

export const LANGUAGES = ['en', 'it', 'pl', 'pt', 'fr', 'ru', 'de', 'es'] as const

/** The first of the wanted languages that the window speaks: "pt-BR" finds "pt". */
export function choose(wanted: readonly string[]): string {
  for (const one of wanted) {
    const base = one.toLowerCase().split('-')[0] as (typeof LANGUAGES)[number]
    if (LANGUAGES.includes(base)) return base
  }
  return 'en'
}

export class Words {
  readonly language: string
  readonly #texts: Texts
  readonly #plural: Intl.PluralRules

  constructor(language: string, texts: Texts) {
    this.language = language
    this.#texts = texts
    this.#plural = new Intl.PluralRules(language)
  }

  /** A text with its `{places}` filled in. */
  readonly t = (key: Key, values: Record<string, string | number> = {}): string => filled(this.#texts[key], values)

  /** A text in the form that the number asks for. */
  readonly n = (key: Counted, count: number): string => {
    const forms: Forms = this.#texts[key]
    return filled(forms[this.#plural.select(count)] ?? forms.other, { n: count })
  }

  readonly time = (at: number): string => new Date(at * 1000).toLocaleTimeString(this.language, { hour: '2-digit', minute: '2-digit' })

  readonly day = (at: number, now = Date.now()): string => {
    const date = new Date(at * 1000)
    // A visitor's clock may be behind the hub's: nothing was said tomorrow.
    const days = Math.max(0, Math.round((midnight(new Date(now)) - midnight(date)) / 86_400_000))
    if (days < 2) {
      const word = new Intl.RelativeTimeFormat(this.language, { numeric: 'auto' }).format(-days, 'day')
      return word.charAt(0).toLocaleUpperCase(this.language) + word.slice(1)
    }
    return date.toLocaleDateString(this.language, { weekday: 'short', day: 'numeric', month: 'long' })
  }

  readonly size = (bytes: number): string => {
    const [value, unit] = bytes >= 1e6 ? [bytes / 1e6, 'megabyte'] : bytes >= 1e3 ? [bytes / 1e3, 'kilobyte'] : [bytes, 'byte']
    return value.toLocaleString(this.language, { style: 'unit', unit, maximumFractionDigits: 1 })
  }
}

function filled(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''))
}

function midnight(date: Date): number {
  return Date.UTC(date.getFullYear(), date.getMonth(), date.getDate())
}
