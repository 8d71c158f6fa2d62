import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/**
 * Rewrites `X-Forwarded-For` so that everything behind it reads plain IP addresses: without ports and brackets, and
 * without the entries before one that is no address (`unknown`). A caller whom a proxy does not name then counts as
 * that proxy, and not as somebody new with each text.
 */
export function readForwardedAddresses({ headers }: IncomingMessage): void {
  const forwarded = headers['x-forwarded-for']
  if (forwarded === undefined) return
  const addresses = String(forwarded).split(',').map(withoutPort)
  const unreadable = addresses.findLastIndex((address) => isIP(address) === 0)
  headers['x-forwarded-for'] = addresses.slice(unreadable + 1).join(', ')
}

/** `198.51.100.1:4001` → `198.51.100.1`, `[2001:db8::1]:443` → `2001:db8::1`. */
function withoutPort(text: string): string {
  const address = text.trim()
  const [, host] = /^\[([^\]]*)\](?::\d+)?$/.exec(address) ?? /^([^:]*):\d+$/.exec(address) ?? []
  return host ?? address
}
