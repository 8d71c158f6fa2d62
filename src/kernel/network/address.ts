import { isIP, isIPv6 } from 'node:net'
import ipaddr from 'ipaddr.js'

/**
 * What a limit per address counts: an IPv4 address, or the /64 network of an IPv6 one, which one customer owns whole.
 * What is no address counts as it is.
 */
export function addressBucket(address: string): string {
  if (!isIPv6(address)) return address
  const parsed = ipaddr.process(address)
  if (parsed instanceof ipaddr.IPv4) return parsed.toString()
  return `${groupsOf(parsed, 4)}::/64`
}

/** Where somebody is, without telling who: `203.0.113.0/24`, `2001:db8:1::/48`. */
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

/** Whether an address is in one of the networks. */
export type Networks = (address: string) => boolean

/** Takes what `isNetwork` takes. An IPv4 address that arrives dressed as IPv6 is the IPv4 address. */
export function networksOf(cidrs: readonly string[]): Networks {
  const ranges = cidrs.map((cidr) => ipaddr.parseCIDR(cidr))
  return (address) => {
    if (isIP(address) === 0) return false
    const parsed = ipaddr.process(address)
    return ranges.some((range) => range[0].kind() === parsed.kind() && parsed.match(range))
  }
}

/**
 * A network in CIDR notation, such as `10.0.0.0/8` or `2001:db8::/32`. The bits of the host are 0, so that nobody means
 * one address and writes a thousand; IPv4 is written as IPv4, for so it is compared.
 */
export function isNetwork(text: string): boolean {
  const [address = ''] = text.split('/', 1)
  if (isIP(address) === 0 || !ipaddr.isValidCIDR(text)) return false
  const [parsed] = ipaddr.parseCIDR(text)
  if (parsed instanceof ipaddr.IPv4) return parsed.toString() === ipaddr.IPv4.networkAddressFromCIDR(text).toString()
  return !parsed.isIPv4MappedAddress() && parsed.toString() === ipaddr.IPv6.networkAddressFromCIDR(text).toString()
}
