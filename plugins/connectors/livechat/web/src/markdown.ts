// The little markup that messages may have, as a tree. A screen makes nodes of it, never markup: nothing that somebody
// wrote is ever read as HTML.

export type Mark = { kind: 'text'; text: string } | { kind: 'b' | 'i' | 's'; inside: Mark[] } | { kind: 'code'; text: string } | { kind: 'a'; href: string; inside: Mark[] }

export type Block = { kind: 'p' | 'quote'; inside: Mark[] } | { kind: 'pre'; text: string } | { kind: 'ul' | 'ol'; items: Mark[][] }

const FENCE = /^```[^\n]*\n([\s\S]*?)\n?```$/
const INLINE =
  /`([^`\n]+)`|\*\*(?=\S)([^\n]+?\S|\S)\*\*|~~(?=\S)([^\n]+?)~~|(?<![\w*])\*(?=[^\s*])([^*\n]*[^\s*])\*(?![\w*])|(?<!\w)_(?=\S)([^_\n]*[^\s_])_(?!\w)|\[([^\]\n]{1,500})\]\(([^()\s]{1,2000})\)|\b(?:https?:\/\/|mailto:|tel:)[^\s<>"]{1,2000}|\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g
const MOST = 20_000 // a text longer than any message of ours is shown as it is

export function parse(text: string): Block[] {
  if (text.length > MOST) return [{ kind: 'p', inside: [{ kind: 'text', text }] }]
  const blocks: Block[] = []
  for (const part of text.split(/(^```[^\n]*\n[\s\S]*?\n?```$)/m)) {
    const fenced = FENCE.exec(part)
    if (fenced) blocks.push({ kind: 'pre', text: fenced[1] ?? '' })
    else for (const paragraph of part.split(/\n{2,}/)) if (paragraph.trim()) blocks.push(...lines(paragraph.replace(/^\n|\n$/g, '')))
  }
  return blocks
}

function lines(paragraph: string): Block[] {
  const blocks: Block[] = []
  for (const line of paragraph.split('\n')) {
    const [, bullet, number, item] = /^\s{0,3}(?:([-*•])|(\d{1,3}[.)]))\s+(.+)$/.exec(line) ?? []
    const quoted = /^>\s?(.*)$/.exec(line)
    const last = blocks.at(-1)
    if (item !== undefined && (bullet || number)) {
      const kind = bullet ? 'ul' : 'ol'
      if (last?.kind === kind) last.items.push(inline(item))
      else blocks.push({ kind, items: [inline(item)] })
    } else {
      const kind = quoted ? 'quote' : 'p'
      const inside = inline(quoted ? (quoted[1] ?? '') : line)
      if (last?.kind === kind) last.inside.push({ kind: 'text', text: '\n' }, ...inside)
      else blocks.push({ kind, inside })
    }
  }
  return blocks
}

export function inline(text: string, depth = 0): Mark[] {
  const marks: Mark[] = []
  let from = 0
  const plain = (to: number) => void (to > from && marks.push({ kind: 'text', text: text.slice(from, to) }))
  for (const found of text.matchAll(INLINE)) {
    const [all, code, bold, struck, star, underscore, label, target] = found
    const mark = made(all, { code, bold, struck, italic: star ?? underscore, label, target }, depth)
    if (!mark) continue
    plain(found.index)
    from = found.index + all.length
    if (mark.kind === 'a' && !label) {
      // A sentence's own full stop or bracket is no part of the address before it.
      const tail = /[.,;:!?)\]}'*_]+$/.exec(all)?.[0].length ?? 0
      from -= tail
      const shown = all.slice(0, all.length - tail)
      marks.push({ kind: 'a', href: mark.href.slice(0, mark.href.length - tail), inside: [{ kind: 'text', text: shown }] })
    } else marks.push(mark)
  }
  plain(text.length)
  return marks
}

interface Found {
  code: string | undefined
  bold: string | undefined
  struck: string | undefined
  italic: string | undefined
  label: string | undefined
  target: string | undefined
}

function made(all: string, found: Found, depth: number): Mark | null {
  const within = (text: string): Mark[] => (depth < 4 ? inline(text, depth + 1) : [{ kind: 'text', text }])
  if (found.code !== undefined) return { kind: 'code', text: found.code }
  if (found.bold !== undefined) return { kind: 'b', inside: within(found.bold) }
  if (found.struck !== undefined) return { kind: 's', inside: within(found.struck) }
  if (found.italic !== undefined) return { kind: 'i', inside: within(found.italic) }
  const href = safe(found.target ?? (/^[a-z]+:/.test(all) ? all : `mailto:${all}`))
  if (!href) return null
  return { kind: 'a', href, inside: [{ kind: 'text', text: found.label ?? all }] }
}

/** The address if it leads to the web, to mail or to a telephone; nothing else is followed. */
export function safe(address: string): string | null {
  return /^(?:https?:\/\/[^\s/]|mailto:|tel:)/i.test(address) ? address : null
}
