import { describe, expect, it } from 'vitest'
import { parseBody } from './body.ts'

const nested = (levels: number, filler = '') => Buffer.from(`${'['.repeat(levels)}${filler}${']'.repeat(levels)}`)
/** Makes a body large enough to be measured before it is parsed. */
const FILLER = `"${'x'.repeat(10_000)}"`

describe('a body', () => {
  it.each(['', FILLER])('may be nested 64 levels deep and no deeper', (filler) => {
    expect(Array.isArray(parseBody(nested(64, filler)))).toBe(true)
    expect(() => parseBody(nested(65, filler))).toThrow('nested deeper than 64')
    expect(() => parseBody(Buffer.from(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`))).toThrow('nested deeper than 64')
  })

  it('is measured by its structure, not by the brackets in its texts', () => {
    const text = '[{'.repeat(3000)
    expect(parseBody(Buffer.from(JSON.stringify({ text })))).toEqual({ text })
    expect(parseBody(Buffer.from(JSON.stringify(['\\"[', '{"'])))).toEqual(['\\"[', '{"'])
  })

  it('that is not JSON in UTF-8 is refused in words', () => {
    expect(() => parseBody(Buffer.from('{'))).toThrow('not JSON')
    expect(() => parseBody(Buffer.from([0x22, 0xff, 0x22]))).toThrow('not UTF-8')
    expect(() => parseBody(nested(2_000_000))).toThrow('nested deeper')
  })
})
