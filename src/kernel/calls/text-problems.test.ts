import { expect, it } from 'vitest'
import { textProblems } from './text-problems.ts'

const expected = 'text without NUL characters and unpaired surrogates'

it.each([
  ['a value', { client_name: 'a\0b' }, 'client_name'],
  ['half a pair', { client_name: 'a\uD800b' }, 'client_name'],
  ['a value deep inside', { updates: { tags: ['a', '\0'] } }, 'updates.tags.1'],
  ['a name', { properties: { 'a\0': 1 } }, 'properties.(name)'],
])('names where it is: %s', (_what, args, path) => {
  expect(textProblems(args)).toEqual([{ path, expected }])
})

it('lets everything else through', () => {
  expect(textProblems({ text: 'é 💥 \u202E \t', count: 1, off: null, on: true, none: undefined })).toEqual([])
})
