import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testDatabase } from '../../../test/support/database.ts'
import { arrayLiteral } from './array-literal.ts'

const database = await testDatabase()

/** The array as the server reads it. */
async function read(type: 'text' | 'float8' | 'boolean' | 'jsonb', literal: string): Promise<unknown> {
  const { rows } = await database.owner.query<{ json: unknown }>(`select to_jsonb($1::text::${type}[]) as json`, [
    literal,
  ])
  return rows[0]?.json
}

describe('an array literal', () => {
  it('brings every text to the server as it is, absent ones included', async () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0') && value.isWellFormed())
    const hostile = fc.constantFrom(
      '',
      'NULL',
      'null',
      ' ',
      ',',
      '{}',
      '"',
      '\\',
      '\\"',
      'a,b',
      '{"x":"\\u00e9"}',
      '\n',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(text, hostile, fc.constant(null)), { maxLength: 20 }), async (values) => {
        expect(await read('text', arrayLiteral(values))).toEqual(values)
      }),
      { numRuns: 100 },
    )
  })

  it('carries numbers, truth values and JSON', async () => {
    expect(await read('float8', arrayLiteral([1, -2.5, 1e21, null]))).toEqual([1, -2.5, 1e21, null])
    expect(await read('boolean', arrayLiteral([true, false, null]))).toEqual([true, false, null])
    const document = { quoted: 'a "b" \\ c', list: [1, null] }
    expect(await read('jsonb', arrayLiteral([JSON.stringify(document), null]))).toEqual([document, null])
    expect(await read('text', arrayLiteral([]))).toEqual([])
  })
})
