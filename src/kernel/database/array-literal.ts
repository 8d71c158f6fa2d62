/**
 * The text form of a PostgreSQL array (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO), for a parameter
 * of any array type. The driver makes the same from a JavaScript array at several times the price, which counts where
 * thousands of rows go into one statement.
 */
export function arrayLiteral(values: readonly (string | number | boolean | null)[]): string {
  let text = '{'
  let separator = ''
  for (const value of values) {
    text += separator
    separator = ','
    if (value === null) text += 'NULL'
    else if (typeof value !== 'string') text += String(value)
    else text += SPECIAL.test(value) ? `"${value.replaceAll(EACH_SPECIAL, '\\$&')}"` : `"${value}"`
  }
  return `${text}}`
}

const SPECIAL = /["\\]/
const EACH_SPECIAL = /["\\]/g
