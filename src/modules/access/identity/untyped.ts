/** An untyped value, such as a request body or a library's answer, as an object; empty when it is not one. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  // safe because: its members stay unknown until they are checked.
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

/** The value if it is a string, else an empty string. */
export function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
