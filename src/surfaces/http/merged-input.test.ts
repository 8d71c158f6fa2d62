import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import { route } from '#kernel/calls/route'
import { Failure } from '#kernel/failure'
import { routeParser } from './merged-input.ts'

const input = z.strictObject({
  id: z.int(),
  password: z.string().optional(),
  limit: z.int().optional(),
  isOpen: z.boolean().optional(),
  tags: z.array(z.string()).optional(),
})
const work = operation({
  scope: 'customers:write',
  effect: 'update',
  input,
  output: input,
  run: async (_ctx, given) => given,
})
const base = { path: '/things/:id', summary: 'Things', tags: ['things'] } as const
const read = routeParser(route(work, { ...base, method: 'GET', without: ['password'] }))
const write = routeParser(route(work, { ...base, method: 'POST' }))

function problemsOf(parse: () => unknown): readonly string[] {
  try {
    parse()
  } catch (error) {
    if (error instanceof Failure) return error.problems.map(({ path, expected }) => `${path}: ${expected}`)
    throw error
  }
  return []
}

describe('path, query and body', () => {
  it('become one input, with the text of path and query turned into what it expects', () => {
    const query = { limit: '5', isOpen: 'true', tags: 'one' }
    expect(read({ params: { id: '7' }, query, body: undefined })).toEqual({
      id: 7,
      limit: 5,
      isOpen: true,
      tags: ['one'],
    })
    expect(write({ params: { id: '7' }, query: {}, body: { limit: 5 } })).toEqual({ id: 7, limit: 5 })
  })

  it.each(['1e3', '0x10', '', ' 5', '05', '1'.repeat(17)])('guess at no number that is written as %j', (limit) => {
    expect(problemsOf(() => read({ params: { id: '7' }, query: { limit }, body: undefined }))).toEqual([
      expect.stringMatching(/^query\.limit: /),
    ])
  })

  it('refuse a field of the body in the query: an address is logged', () => {
    const given = { params: { id: '7' }, query: { password: 'secret' }, body: {} }
    expect(problemsOf(() => write(given))).toEqual(['query.password: no value here: send it in the body'])
  })

  it('refuse what is given twice, what the route does not take, and a body that is no object', () => {
    const twice = { params: { id: '7' }, query: {}, body: { id: 8 } }
    expect(problemsOf(() => write(twice))).toEqual(['body.id: one value: it was given twice'])
    const left = { params: { id: '7' }, query: { password: 'x' }, body: undefined }
    expect(problemsOf(() => read(left))).toEqual(['query.password: no such field'])
    expect(problemsOf(() => write({ params: { id: '7' }, query: {}, body: [1] }))).toEqual(['body: object'])
  })

  it.each(['__proto__', 'constructor', 'toString', 'unknown'])('refuse %s by name, wherever it is', (name) => {
    const odd = Object.fromEntries([[name, ['a', 'b']]])
    const inQuery = problemsOf(() => read({ params: { id: '7' }, query: odd, body: undefined }))
    expect(inQuery).toEqual([expect.stringMatching(`^query\\.${name}: no such argument`)])
    const inBody = problemsOf(() => write({ params: { id: '7' }, query: {}, body: odd }))
    expect(inBody).toEqual([expect.stringMatching(`^body\\.${name}: no such argument`)])
  })
})
