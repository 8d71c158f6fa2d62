import pg from 'pg'

const INT8 = 20
const NUMERIC = 1700
const DATE = 1082

/**
 * How PostgreSQL's values become JavaScript's. `date` stays text (`2026-11-20`): it has no zone, so a `Date` would
 * move it. `int8` and `numeric` become numbers; an `int8` past 2^53 is an error, never a rounded figure.
 */
export const parseTypes: pg.CustomTypesConfig = {
  // oxlint-disable typescript/no-unsafe-return -- the driver's own parsers return any.
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    if (format === 'binary') return pg.types.getTypeParser(oid, 'binary')
    if (oid === INT8) return exactInteger
    if (oid === NUMERIC) return Number
    if (oid === DATE) return (text: string) => text
    return pg.types.getTypeParser(oid, 'text')
  },
  // oxlint-enable typescript/no-unsafe-return
}

function exactInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new RangeError('a bigint column holds a value past 2^53')
  return value
}
