import type { ServerResponse } from 'node:http'

/** The security headers of every response of every surface. */
export const SECURITY_HEADERS = Object.freeze({
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // Obsolete in browsers, but still required by security checklists.
  'X-XSS-Protection': '1; mode=block',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'Content-Security-Policy': "default-src 'self'",
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Permissions-Policy': 'geolocation=(), microphone=(), camera=()',
})

const ENTRIES = Object.entries(SECURITY_HEADERS)

/** The security headers as lines, for an answer that is written directly to a socket. */
export const SECURITY_HEADER_LINES = ENTRIES.map(([name, value]) => `${name}: ${value}\r\n`).join('')

/** Sets the security headers on a response; `writeHead` keeps them. */
export function setSecurityHeaders(res: ServerResponse): void {
  for (const [name, value] of ENTRIES) res.setHeader(name, value)
}
