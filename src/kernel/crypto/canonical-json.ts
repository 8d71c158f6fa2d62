import canonicalize from 'canonicalize'

/** The one way to write a JSON value, for hashes and signatures: JSON Canonicalization Scheme, RFC 8785. */
export function canonicalJson(value: unknown): string {
  const text = canonicalize(value)
  if (text === undefined) throw new Error('This value has no JSON.')
  return text
}
