import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { binaryArray, BOOLEAN, FLOAT8, JSONB, TEXT, TIMESTAMPTZ } from './binary-array.ts'
import type { ElementType } from './binary-array.ts'

const database = await testDatabase()

/** The array as the server reads it. */
async function read<Value>(
  name: string,
  type: ElementType<Value>,
  values: readonly (Value | null)[],
): Promise<unknown> {
  const array = binaryArray(type, values, (value) => value)
  const { rows } = await database.owner.query<{ json: unknown }>(`select to_jsonb($1::${name}[]) as json`, [array])
  return rows[0]?.json
}

describe('a binary array', () => {
  it('brings every text to the server as it is, absent ones included', async () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed())
    const values = fc.array(fc.oneof(text, fc.constantFrom('', 'NULL', '{}', '"', null)), { maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(values, async (given) => {
        expect(await read('text', TEXT, given)).toEqual(given)
      }),
      { numRuns: 100 },
    )
  })

  it('brings every instant to the server to the millisecond', async () => {
    const instant = fc.date({ min: new Date('1970-01-01'), max: new Date('2200-01-01'), noInvalidDate: true })
    await fc.assert(
      fc.asyncProperty(fc.array(instant, { maxLength: 20 }), async (given) => {
        const isos = given.map((at) => at.toISOString())
        const found = (await read('timestamptz', TIMESTAMPTZ, isos)) as string[]
        expect(found.map((at) => new Date(at).toISOString())).toEqual(isos)
      }),
      { numRuns: 100 },
    )
  })

  it('brings numbers, truth values and documents', async () => {
    expect(await read('float8', FLOAT8, [1, -2.5, 1e21, null])).toEqual([1, -2.5, 1e21, null])
    expect(await read('boolean', BOOLEAN, [true, false, null])).toEqual([true, false, null])
    const document = { 'ü"\\': [1, { deep: null }], text: 'a,b' }
    expect(await read('jsonb', JSONB, [JSON.stringify(document), null])).toEqual([document, null])
    expect(await read('text', TEXT, [])).toEqual([])
  })
})
