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
