// Languages, mentions, list order, and addresses that must not be clicked.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { AgentOut, ConversationOut, DecisionEntry, LineOut } from '../src/api.ts'
import { asked, completed, matching, mentioned } from '../src/composer/mentions.ts'
import { age, countdown, initials, lasting } from '../src/format.ts'
import { fileAddress, uuid } from '../src/http.ts'
import { en } from '../src/i18n/en.ts'
import { closest, speak, t } from '../src/i18n/index.ts'
import { ru } from '../src/i18n/ru.ts'
import { inOrder } from '../src/inbox/calm.ts'
import { decision } from '../src/words.ts'

const PLACES = /\{(\w+)\}/g
const places = (text: string | object) => [...new Set([...JSON.stringify(text).matchAll(PLACES)].map((found) => found[1]))].sort()

test('every text is there in every language and is filled in with the same things', () => {
  assert.deepEqual(Object.keys(ru).sort(), Object.keys(en).sort())
  for (const [key, text] of Object.entries(en)) {
    const other = ru[key as keyof typeof en]
    const forms = typeof other === 'string' ? [other] : Object.values(other)
    for (const form of forms) {
      for (const place of places(form)) assert.ok(places(text).includes(place), `${key} has no {${place}} in English`)
    }
  }
})

test('counted things take the form that the language wants', async () => {
  await speak('ru')
  assert.deepEqual(
    [1, 2, 5, 11, 21, 24].map((n) => t('panel.conversations', { n })),
    ['1 обращение', '2 обращения', '5 обращений', '11 обращений', '21 обращение', '24 обращения'],
  )
  await speak('en')
  assert.equal(t('panel.conversations', { n: 1 }), '1 conversation')
  assert.equal(t('panel.conversations', { n: 0 }), '0 conversations')
})

test('the language is the first wanted one that there is', () => {
  assert.equal(closest('de', 'ru-RU', 'en'), 'ru')
  assert.equal(closest(undefined, 'fr'), 'en')
})

const people = [
  { id: 'anna', name: 'Anna', available: true },
  { id: 'ann2', name: 'Anna Larsen', available: true },
  { id: 'boris', name: 'Boris Nikolov', available: false },
] as AgentOut[]

test('a mention is asked for after an @ at the start of a word', () => {
  assert.deepEqual(asked('ask @bo', 7), { from: 4, wanted: 'bo' })
  assert.deepEqual(asked('@', 1), { from: 0, wanted: '' })
  assert.deepEqual(asked('спроси @Бор', 11), { from: 7, wanted: 'Бор' })
  assert.equal(asked('mail a@bo', 9), null)
  assert.equal(asked('@bo and', 7), null)
})

test('colleagues are found by any part of their name, oneself is not', () => {
  assert.deepEqual(matching(people, 'nik', 'anna').map((one) => one.id), ['boris'])
  assert.deepEqual(matching(people, '', 'anna').map((one) => one.id), ['ann2', 'boris'])
})

test('a chosen name takes the place of what was typed', () => {
  assert.deepEqual(completed('ask @bo please', 7, { from: 4, wanted: 'bo' }, 'Boris Nikolov'), {
    text: 'ask @Boris Nikolov please',
    caret: 19,
  })
})

test('a note mentions whom it names, the longer name first', () => {
  assert.deepEqual(mentioned('@Anna Larsen look', people), ['ann2'])
  assert.deepEqual(mentioned('@Anna and @Boris Nikolov', people).sort(), ['anna', 'boris'])
})

test('rows keep their order while somebody is at the list; what has gone goes', () => {
  const rows = [3, 9, 1].map((number) => ({ number })) as ConversationOut[]
  assert.deepEqual(inOrder(rows, [1, 2, 3]).map((row) => row.number), [1, 3])
})

test('times are short', () => {
  assert.deepEqual([age(0, 59), age(0, 3599), age(0, 86_399), age(0, 86_400 * 3)], ['now', '59 min', '23 h', '3 d'])
  assert.deepEqual([countdown(-3), countdown(9.2), countdown(75), countdown(3723)], ['0:00', '0:10', '1:15', '1:02:03'])
})

test('what took long is said in two units, and nothing takes no time', () => {
  const said = [0.2, 42.4, 185, 3600, 3725, 183_600].map(lasting)
  assert.deepEqual(said, ['1 s', '42 s', '3 min 5 s', '1 h', '1 h 2 min', '2 d 3 h'])
})

test('decisions name the people, lines and data they are about', () => {
  const names = { agents: { anna: people[1]! }, lines: { shop: { id: 'shop', name: 'Shop' } as LineOut } }
  const said = (body: DecisionEntry['body']) => decision(names, { body } as DecisionEntry)
  const found = { phone: '+385 91 234', email: 'vera@example.org' }
  assert.equal(said({ what: 'tracked', by: 'customer', fields: found }), 'Learned from the message: +385 91 234, vera@example.org')
  assert.equal(said({ what: 'tracked', by: 'customer' }), 'Learned from the message: –')
  const empty = said({ what: 'queue_empty', line: 'shop', agents: ['anna'] })
  assert.equal(empty, 'Nobody is in the queue of Shop (told to: Anna Larsen)')
  assert.equal(said({ what: 'suspended', line: 'shop' }), 'The line Shop was switched off: everything waits')
  assert.equal(said({ what: 'consented', by: 'customer' }), 'The customer agreed that personal data are kept')
})

test('initials are letters, also of one name, of emoji and of nobody', () => {
  assert.deepEqual([initials('Vera Kovač'), initials('вера'), initials(''), initials('😀 x')], ['VK', 'В', '?', '😀X'])
})

test('an address held elsewhere is followed only if it is one of the web', () => {
  assert.equal(fileAddress({ name: 'a b.png', id: 'f/1' }), '/api/v1/files/f%2F1?name=a%20b.png')
  assert.equal(fileAddress({ name: 'x', url: 'https://files.example/x' }), 'https://files.example/x')
  assert.equal(fileAddress({ name: 'x', url: 'javascript:alert(1)' }), '')
  assert.equal(fileAddress({ name: 'x', url: 'data:text/html,x' }), '')
})

test('keys of requests are random and of the usual form', () => {
  const made = new Set(Array.from({ length: 100 }, uuid))
  assert.equal(made.size, 100)
  for (const one of made) assert.match(one, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
})
