import { expect, it } from 'vitest'
import { valueProblems } from './value-problems.ts'

const storable = 'text without NUL characters and unpaired surrogates'
const exact = 'a number up to 9007199254740991: a larger one loses digits, so send it as text'
const shallow = 'at most 64 levels of arrays and objects'

it.each([
  ['a value', { client_name: 'a\0b' }, 'client_name', storable],
  ['half a pair', { client_name: 'a\uD800b' }, 'client_name', storable],
  ['a value deep inside', { updates: { tags: ['a', '\0'] } }, 'updates.tags.1', storable],
  ['a name', { properties: { 'a\0': 1 } }, 'properties.(name)', storable],
  ['a number that lost digits', JSON.parse('{"properties":{"id":9007199254740993}}'), 'properties.id', exact],
  ['a negative one', JSON.parse('[-9007199254740993]'), '0', exact],
  ['a number beyond all', JSON.parse('{"id":1e400}'), 'id', exact],
  ['a prototype', JSON.parse('{"properties":{"__proto__":1}}'), 'properties.__proto__', 'no field of this name'],
  ['too deep an array', { a: JSON.parse(`${'['.repeat(64)}${']'.repeat(64)}`) }, `a${'.0'.repeat(63)}`, shallow],
])('names where it is: %s', (_what, args: unknown, path, expected) => {
  expect(valueProblems(args)).toMatchObject([{ path, expected }])
})

it('lets everything else through', () => {
  const largest = { most: Number.MAX_SAFE_INTEGER, least: Number.MIN_SAFE_INTEGER, small: 0.1234567890123456 }
  const rest = { text: 'é 💥 \u202E \t', off: null, on: true, none: undefined, constructor: { prototype: 1 } }
  expect(valueProblems({ ...largest, ...rest })).toEqual([])
})
