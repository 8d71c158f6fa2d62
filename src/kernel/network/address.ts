import { isIP, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * The key of a limit per address: an IPv4 address, or the /64 network of an IPv6 address, which one customer owns
 * whole. Other text is returned unchanged.
 */
export function addressBucket(address: string): string {
  if (!isIPv6(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed instanceof ipaddr.IPv4) return parsed.toString()
  return `${groupsOf(parsed, 4)}::/64`
}

/** The network of an address, coarse enough not to identify a person: `203.0.113.0/24`, `2001:db8:1::/48`. */
export function networkShown(address: string): string {
  if (isIP(address) === 0) return 'unknown network'
  const parsed = ipaddr.process(address)
  if (parsed instanceof ipaddr.IPv6) return `${groupsOf(parsed, 3)}::/48`
  return `${parsed.octets.slice(0, 3).join('.')}.0/24`
}

function groupsOf({ parts }: ipaddr.IPv6, count: number): string {
  return parts
    .slice(0, count)
    .map((group) => group.toString(16))
    .join(':')
}

/** Tells whether an address is in one of the networks. */
export type Networks = (address: string) => boolean

/** Makes the check from networks that `isNetwork` accepts. An IPv4-mapped IPv6 address counts as its IPv4 address. */
export function networksOf(cidrs: readonly string[]): Networks {
  const ranges = cidrs.map((cidr) => ipaddr.parseCIDR(cidr))
  return (address) => {
    if (isIP(address) === 0) return false
    const parsed = ipaddr.process(address)
    return ranges.some((range) => range[0].kind() === parsed.kind() && parsed.match(range))
  }
}

/**
 * Whether a text is a network in CIDR notation, such as `10.0.0.0/8` or `2001:db8::/32`. Host bits must be 0, so that a
 * single address is not mistaken for a network; IPv4 must be written as IPv4, because it is compared as such.
 */
export function isNetwork(text: string): boolean {
  const [address = ''] = text.split('/', 1)
  if (isIP(address) === 0 || !ipaddr.isValidCIDR(text)) return false
  const [parsed] = ipaddr.parseCIDR(text)
  if (parsed instanceof ipaddr.IPv4) return parsed.toString() === ipaddr.IPv4.networkAddressFromCIDR(text).toString()
  return !parsed.isIPv4MappedAddress() && parsed.toString() === ipaddr.IPv6.networkAddressFromCIDR(text).toString()
}
