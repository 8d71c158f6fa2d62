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
