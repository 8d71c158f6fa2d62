import ipaddr from 'ipaddr.js'

/** Where an address leads: into the internet, to this machine, or to a place no stranger's URL may reach. */
export type AddressKind = 'public' | 'loopback' | 'forbidden'

/** Global unicast (RFC 4291, section 2.5.4): whatever lies outside is local, special or unassigned. */
const GLOBAL_UNICAST = ipaddr.parseCIDR('2000::/3')

/**
 * Public by number, private by use: Azure's platform address, which answers every virtual machine there
 * (https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16).
 */
const PRIVATE_BY_USE = new Set(['168.63.129.16'])

/**
 * Judges an IP address by the registries of special-purpose addresses (RFC 6890). An IPv6 form that carries an IPv4
 * address – mapped, 6to4, NAT64, Teredo – is forbidden whatever it carries. What is no address is forbidden too.
 */
export function addressKind(address: string): AddressKind {
  if (!ipaddr.isValid(address)) return 'forbidden'
  const parsed = ipaddr.parse(address)
  const range = parsed.range()
  if (range === 'loopback') return 'loopback'
  if (range !== 'unicast' || PRIVATE_BY_USE.has(parsed.toString())) return 'forbidden'
  return parsed.kind() === 'ipv4' || parsed.match(GLOBAL_UNICAST) ? 'public' : 'forbidden'
}
