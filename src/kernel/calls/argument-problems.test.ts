import { expect, it } from 'vitest'
import { z } from 'zod'
import { argumentProblems } from './argument-problems.ts'

const Arguments = z.strictObject({
  day: z.iso.date(),
  at: z.iso.datetime(),
  email: z.email(),
  id: z.string().regex(/^a$/, 'the letter a'),
})

it('says what each form is, not that it was missed', () => {
  const { error } = Arguments.safeParse({ day: '2026-02-30', at: 'noon', email: 'ada', id: 'b' })
  if (error === undefined) throw new Error('all four are wrong')
  expect(argumentProblems(Arguments, error).map(({ path, expected }) => [path, expected])).toEqual([
    ['day', 'a day that exists, as YYYY-MM-DD'],
    ['at', 'an ISO 8601 time in UTC'],
    ['email', 'an e-mail address'],
    ['id', 'the letter a'],
  ])
})

it('says what kind of value was expected, and that one is missing, without the words around it', () => {
  const input = z.strictObject({ name: z.string().max(3), count: z.int().min(1), tier: z.enum(['a', 'b']) })
  const problemsOf = (given: unknown) => {
    const { error } = input.safeParse(given)
    return error === undefined ? [] : argumentProblems(input, error).map(({ path, expected }) => [path, expected])
  }
  expect(problemsOf({ name: 5, count: 1, tier: 'c' })).toEqual([
    ['name', 'string, received number'],
    ['tier', 'one of: a, b'],
  ])
  expect(problemsOf({ name: 'long', count: 0 })).toEqual([
    ['name', 'string to have <=3 characters'],
    ['count', 'number to be >=1'],
    ['tier', 'one of: a, b'],
  ])
})

it('names an unknown field of a nested object by its path', () => {
  const input = z.strictObject({ owner: z.strictObject({ name: z.string() }).optional() })
  const problemsOf = (given: unknown) => argumentProblems(input, input.safeParse(given).error ?? new z.ZodError([]))
  expect(problemsOf({ owner: { name: 'Ada', age: 36 } })).toEqual([{ path: 'owner.age', expected: 'no such field' }])
  expect(problemsOf({ age: 36 })).toEqual([{ path: 'age', expected: 'no such argument; there are: owner' }])
})

it.each([
  [
    'its own',
    z
      .string()
      .min(3)
      .meta({ examples: ['abc'] }),
    'abc',
  ],
  ['the default', z.string().min(3).default('xyz'), 'xyz'],
  ['the first of its values', z.enum(['a', 'b']), 'a'],
  ['the least number', z.int().min(5), 5],
  ['the number over an exclusive minimum', z.number().gt(5), 6],
  ['a number', z.int(), 1],
  ['true', z.boolean(), true],
  ['a time', z.iso.datetime(), '2026-01-31T09:00:00Z'],
  ['a day', z.iso.date(), '2026-01-31'],
  ['an address', z.email(), 'ada@example.com'],
  ['a URL', z.url(), 'https://example.com'],
  ['nothing where no value is plain', z.string().min(3), undefined],
])('gives an example: %s', (_what, field, example) => {
  const input = z.strictObject({ field })
  const { error } = input.safeParse({ field: null })
  if (error === undefined) throw new Error('null is refused')
  expect(argumentProblems(input, error)[0]?.example).toEqual(example)
})
