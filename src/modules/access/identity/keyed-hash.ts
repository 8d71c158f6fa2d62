import { createHmac } from 'node:crypto'
import ipaddr from 'ipaddr.js'

/** What is stored in place of what must not be known: HMAC-SHA-256. `purpose` tells uses apart. */
export type KeyedHash = (purpose: 'refresh-token' | 'email' | 'network', text: string) => Buffer

export function keyedHash(secret: string): KeyedHash {
  return (purpose, text) => createHmac('sha256', secret).update(`${purpose}\0${text}`).digest()
}

const IPV6_GROUPS_OF_A_NETWORK = 4

/** Who a count of failures is about: an IPv4 address, or the /64 network of an IPv6 one, which one customer owns whole. */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6 ? parsed.parts.slice(0, IPV6_GROUPS_OF_A_NETWORK).join(':') : parsed.toString()
}
