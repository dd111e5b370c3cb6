// `@anna` in notes: what is being typed, and who is meant by what was written. Pure.

import type { AgentOut } from '../api.ts'

const OFFERED = 6

export interface Asked {
  /** Where the `@` stands. */
  from: number
  wanted: string
}

/** The mention that is being typed at the caret, if one is. */
export function asked(text: string, caret: number): Asked | null {
  const found = /(?:^|[\s(])@([\p{L}\p{N}._-]*)$/u.exec(text.slice(0, caret))
  return found ? { from: caret - found[1]!.length - 1, wanted: found[1]! } : null
}

export function matching(agents: AgentOut[], wanted: string, me: string): AgentOut[] {
  const start = wanted.toLocaleLowerCase()
  return agents
    .filter((agent) => agent.id !== me)
    .filter((agent) => [agent.id, ...agent.name.split(/\s+/)].some((word) => word.toLocaleLowerCase().startsWith(start)))
    .sort((a, b) => Number(b.available) - Number(a.available) || a.name.localeCompare(b.name))
    .slice(0, OFFERED)
}

export function completed(text: string, caret: number, { from }: Asked, name: string): { text: string; caret: number } {
  const before = `${text.slice(0, from)}@${name} `
  return { text: before + text.slice(caret).trimStart(), caret: before.length }
}

/** Whom the note names. A longer name wins over one that it begins with. */
export function mentioned(text: string, agents: AgentOut[]): string[] {
  let left = text
  const found: string[] = []
  for (const agent of [...agents].sort((a, b) => b.name.length - a.name.length)) {
    if (!left.includes(`@${agent.name}`)) continue
    found.push(agent.id)
    left = left.replaceAll(`@${agent.name}`, '')
  }
  return found
}
