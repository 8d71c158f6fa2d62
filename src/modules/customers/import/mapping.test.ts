import { describe, expect, it } from 'vitest'
import { Failure } from '#kernel/failure'
import { entities } from './entities.ts'
import { namedMapping } from './import-paths.ts'
import { parseMapping } from './parse-mapping.ts'

describe('a mapping', () => {
  it.each(['ravenstack', 'plimsoll'])('that is built in is found by name: %s', async (name) => {
    expect((await namedMapping(name)).name).toBe(name)
  })

  it('that is the product’s own names every field of every entity', async () => {
    const { loads } = await namedMapping('plimsoll')
    const missing = Object.entries(entities).flatMap(([entity, { fields }]) => {
      const load = loads.find((each) => each.entity === entity)
      return Object.keys(fields).filter((field) => !Object.hasOwn(load?.fields ?? {}, field))
    })
    expect(missing).toEqual([])
  })

  it('that is neither built in nor a file is refused with the known names', async () => {
    await expect(namedMapping('nosuch')).rejects.toThrow(/nosuch cannot be read.*Built-in mappings: .*ravenstack/)
  })

  it('that is invalid reports each problem once', () => {
    const text = `
name: small
loads:
  - file: customers.csv
    entity: customre
    fields: { client_id: { colum: id } }
    sored: update
`
    const failure = failureOf(() => parseMapping(text, 'small.yaml'))
    expect(failure.message).toBe('small.yaml is not a mapping.')
    expect(failure.problems.map(({ path, expected }) => `${path}: ${expected}`)).toEqual([
      'describe: string, and it is required',
      expect.stringMatching(/^loads\.0\.entity: one of: customer, /),
      'loads.0.fields.client_id: a column name, or one of { column }, { constant }, { template }, { from, field } and { object }',
      'loads.0.sored: no such field',
    ])
  })
})

function failureOf(act: () => unknown): Failure {
  try {
    act()
  } catch (error) {
    if (error instanceof Failure) return error
    throw error
  }
  throw new Error('nothing was refused')
}
