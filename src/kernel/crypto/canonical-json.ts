import canonicalize from 'canonicalize'

/** A JSON value in canonical form, for hashes and signatures (RFC 8785, JSON Canonicalization Scheme). */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value)
  if (text === undefined) throw new Error('This value cannot be written as JSON.')
  return text
}
