import type { ServerResponse } from 'node:http'

/** Sent on every response of every surface: requirement A5 of the checklists, numbers included. */
export const SECURITY_HEADERS = Object.freeze({
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  // Obsolete in browsers, but demanded by the checklists.
  'X-XSS-Protection': '1; mode=block',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'Content-Security-Policy': "default-src 'self'",
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'Permissions-Policy': 'geolocation=(), microphone=(), camera=()',
})

const ENTRIES = Object.entries(SECURITY_HEADERS)

/** The same as header lines, for an answer written straight to a socket. */
export const SECURITY_HEADER_LINES = ENTRIES.map(([name, value]) => `${name}: ${value}\r\n`).join('')

/** Sets them before anyone answers; `writeHead` keeps what was set. */
export function setSecurityHeaders(res: ServerResponse): void {
  for (const [name, value] of ENTRIES) res.setHeader(name, value)
}
