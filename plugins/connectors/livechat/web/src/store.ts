// What outlives a reload. A browser may forbid it all (third-party frames, private windows) or be full: then memory.

export interface Store {
  get(key: string): string | null
  set(key: string, value: string): void
  remove(key: string): void
  keys(prefix: string): string[]
}

/** Keys of `area` below `prefix`; whatever the browser refuses is kept in memory for as long as the page lives. */
export function openStore(prefix: string, area: () => Storage = () => localStorage): Store {
  const memory = new Map<string, string>()
  const attempt = <T>(work: (area: Storage) => T): T | undefined => {
    try {
      return work(area())
    } catch {
      return undefined
    }
  }
  return {
    get: (key) => memory.get(key) ?? attempt((kept) => kept.getItem(prefix + key)) ?? null,
    set(key, value) {
      memory.set(key, value)
      attempt((kept) => kept.setItem(prefix + key, value))
    },
    remove(key) {
      memory.delete(key)
      attempt((kept) => kept.removeItem(prefix + key))
    },
    keys(start) {
      const kept = attempt((area) => Object.keys(area)) ?? []
      const all = [...kept.filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)), ...memory.keys()]
      return [...new Set(all)].filter((key) => key.startsWith(start)).sort()
    },
  }
}
