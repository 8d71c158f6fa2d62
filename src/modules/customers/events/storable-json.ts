/**
 * Serialises JSON for PostgreSQL's `jsonb`, which refuses two things that JSON allows: the NUL character (removed here)
 * and lone surrogates (replaced by U+FFFD).
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value)
  return SUSPICIOUS.test(text) ? JSON.stringify(cleaned(value)) : text
}

const SUSPICIOUS = /\\u(?:0000|d[89a-f])/i

function cleaned(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value)
  if (Array.isArray(value)) return value.map(cleaned)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [cleanText(name), cleaned(inner)]))
}

function cleanText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '')
}
