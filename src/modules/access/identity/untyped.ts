/** What the auth library, or whoever calls it, hands over without a type: its members, until they are looked at. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  // safe because: its members stay unknown until they are looked at.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The value when it is text, else an empty text. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
