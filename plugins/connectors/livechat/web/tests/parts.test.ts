// Stories of the small parts: markup, colours, words.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { contrast, palette, parse as rgb } from '../src/colour.ts'
import { type Block, inline, type Mark, parse } from '../src/markdown.ts'
import { choose, LANGUAGES, Words } from '../src/texts.ts'

// A tree as one line, to compare.
const line = (marks: Mark[]): string =>
  marks.map((mark) => (mark.kind === 'text' ? mark.text : mark.kind === 'code' ? `<code:${mark.text}>` : mark.kind === 'a' ? `<a ${mark.href}:${line(mark.inside)}>` : `<${mark.kind}:${line(mark.inside)}>`)).join('')
const outline = (blocks: Block[]): string[] =>
  blocks.map((block) => (block.kind === 'pre' ? `pre:${block.text}` : 'items' in block ? `${block.kind}:${block.items.map(line).join('|')}` : `${block.kind}:${line(block.inside)}`))

for (const [text, expected] of [
  ['plain', 'plain'],
  ['**bold** and *it* and _it_ and ~~no~~', '<b:bold> and <i:it> and <i:it> and <s:no>'],
  ['**bold *and* more**', '<b:bold <i:and> more>'],
  ['`**code**`', '<code:**code**>'],
  ['2 * 3 * 4, snake_case_name, 5*6*7', '2 * 3 * 4, snake_case_name, 5*6*7'],
  ['see https://shop.example/a_(b)?c=1.', 'see <a https://shop.example/a_(b)?c=1:https://shop.example/a_(b)?c=1>.'],
  ['(https://shop.example)', '(<a https://shop.example:https://shop.example>)'],
  ['[shop](https://shop.example)', '<a https://shop.example:shop>'],
  ['[x](javascript:alert(1))', '[x](javascript:alert(1))'],
  ['[x](JaVaScRiPt:alert)', '[x](JaVaScRiPt:alert)'],
  ['[x](data:text/html,a)', '[x](data:text/html,a)'],
  ['[x](//evil.example)', '[x](//evil.example)'],
  ['write to anna@shop.example.', 'write to <a mailto:anna@shop.example:anna@shop.example>.'],
  ['<img src=x onerror=alert(1)>', '<img src=x onerror=alert(1)>'],
] as const) {
  test(`inline markup: ${text}`, () => assert.equal(line(inline(text)), expected))
}

test('blocks: paragraphs, lists, quotes, code', () => {
  const text = 'Hello\nthere\n\n- one\n- **two**\n1. first\n2) second\n> quoted\n\n```js\n**x**\n\n- y\n```\nend'
  assert.deepEqual(outline(parse(text)), ['p:Hello\nthere', 'ul:one|<b:two>', 'ol:first|second', 'quote:quoted', 'pre:**x**\n\n- y', 'p:end'])
})

test('no text takes long, however it is made', () => {
  const started = performance.now()
  for (const part of ['*', '**', '_', '`', '[', '~~', '[a](', '*a ', '**a', '_a_', 'a@', '> ', '```\n', 'https://']) parse(part.repeat(10_000 / part.length))
  assert.ok(performance.now() - started < 2_000, `${performance.now() - started} ms`)
})

test('whatever colour a brand has, text on it and text in it can be read', () => {
  for (let red = 0; red < 256; red += 51) {
    for (let green = 0; green < 256; green += 51) {
      for (let blue = 0; blue < 256; blue += 51) {
        const hex = `#${[red, green, blue].map((part) => part.toString(16).padStart(2, '0')).join('')}`
        const { brand, onBrand, inkLight, inkDark } = palette(hex)
        assert.ok(contrast(rgb(brand), rgb(onBrand)) >= 4.5, `${hex}: ${onBrand} on ${brand}`)
        assert.ok(contrast(rgb(inkLight), rgb('#ffffff')) >= 4.5, `${hex}: ${inkLight} on white`)
        assert.ok(contrast(rgb(inkDark), rgb('#1c1e26')) >= 4.5, `${hex}: ${inkDark} on dark`)
      }
    }
  }
})

const folder = new URL('../src/locales/', import.meta.url)
const catalog = (language: string) => JSON.parse(readFileSync(new URL(`${language}.json`, folder), 'utf8'))

test('every language has its words', () => {
  assert.deepEqual(readdirSync(folder).sort(), LANGUAGES.map((one) => `${one}.json`).sort())
})

for (const language of LANGUAGES) {
  test(`${language} says everything that English says, with the same places to fill and the plurals it needs`, () => {
    const [english, theirs] = [catalog('en'), catalog(language)]
    const places = (text: unknown) => String(text).match(/\{\w+\}/g)?.sort() ?? []
    assert.deepEqual(Object.keys(theirs), Object.keys(english))
    for (const [key, text] of Object.entries(theirs)) {
      if (typeof text === 'string') assert.deepEqual(places(text), places(english[key]), key)
      else assert.deepEqual(Object.keys(text as object).sort(), new Intl.PluralRules(language).resolvedOptions().pluralCategories.toSorted(), key)
    }
  })
}

test('numbers choose the form of the word', () => {
  const words = new Words('ru', catalog('ru'))
  assert.deepEqual([1, 2, 5, 21, 112].map((count) => words.n('unread', count)), ['1 новое сообщение', '2 новых сообщения', '5 новых сообщений', '21 новое сообщение', '112 новых сообщений'])
})

test('the visitor is spoken to in the first language that both know', () => {
  assert.equal(choose(['pt-BR', 'en']), 'pt')
  assert.equal(choose(['ja', 'zh-Hant-TW', 'fr-CA']), 'fr')
  assert.equal(choose(['ja']), 'en')
})

test('days are called today and yesterday where they are', () => {
  const words = new Words('en', catalog('en'))
  const now = new Date(2026, 10, 20, 15).getTime()
  const at = (day: number) => new Date(2026, 10, day, 9).getTime() / 1000
  assert.deepEqual([words.day(at(20), now), words.day(at(19), now), words.day(at(21), now)], ['Today', 'Yesterday', 'Today'])
  assert.match(words.day(at(10), now), /November/)
})
