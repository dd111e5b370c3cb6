import { type Block, inline, type Mark, parse } from '../markdown.ts'

/** A message's text. Markup is read in what staff and bots write; a visitor's own text stays as it was typed. */
export function Marked({ text, own }: { text: string; own: boolean }) {
  if (own) return <p dir="auto">{inline(text).map((mark) => (mark.kind === 'a' ? one(mark) : plain(mark)))}</p>
  return <>{parse(text).map(block)}</>
}

function block(part: Block) {
  switch (part.kind) {
    case 'pre':
      return (
        <pre dir="ltr">
          <code>{part.text}</code>
        </pre>
      )
    case 'ul':
    case 'ol': {
      const List = part.kind
      return <List dir="auto">{part.items.map((item) => <li>{item.map(one)}</li>)}</List>
    }
    case 'quote':
      return <blockquote dir="auto">{part.inside.map(one)}</blockquote>
    case 'p':
      return <p dir="auto">{part.inside.map(one)}</p>
  }
}

function one(mark: Mark): preact.ComponentChild {
  switch (mark.kind) {
    case 'text':
      return mark.text
    case 'code':
      return <code>{mark.text}</code>
    case 'a':
      return (
        <a href={mark.href} target="_blank" rel="noopener noreferrer ugc">
          {mark.inside.map(one)}
        </a>
      )
    default: {
      const Tag = mark.kind
      return <Tag>{mark.inside.map(one)}</Tag>
    }
  }
}

// What the mark was made of, as typed.
const AROUND = { b: '**', i: '*', s: '~~', code: '`', text: '', a: '' }

function plain(mark: Mark): preact.ComponentChild {
  const around = AROUND[mark.kind]
  return [around, 'inside' in mark ? mark.inside.map(plain) : mark.text, around]
}
