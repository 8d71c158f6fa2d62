import { lookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { Failure } from '../failure.ts'
import { addressKind } from './address-kind.ts'

/** Finds every address of a host name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

/** Which URLs and addresses may be called. */
export interface TargetRules {
  /** Ports a URL may name. */
  readonly ports: readonly number[]
  /** Also this machine, with plain HTTP and on any port: for development and tests. */
  readonly allowLoopback: boolean
  readonly resolve: Resolve
}

export const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true })

/** Throws `Failure('invalid')` for a URL whose form, port or IP address may not be called. */
export function requireUrl(url: URL, rules: TargetRules): void {
  const { ports, allowLoopback } = rules
  const isWeb = url.protocol === 'https:' || (url.protocol === 'http:' && allowLoopback)
  if (!isWeb || url.username !== '' || url.password !== '' || url.hostname === '') throw refused()
  if (!allowLoopback && !ports.includes(portOf(url))) throw refused()
  const address = url.hostname.replace(/^\[|\]$/g, '')
  if (isIP(address) !== 0 && !mayConnect(url, [address], rules)) throw refused()
}

/**
 * Every address of the host of a URL, each of which may be called. Throws `Failure('invalid')` where only some may, and
 * `Failure('upstream')` where none may: one answer for a name that is unknown and for one that leads to a private network,
 * so that nobody learns the names in it.
 */
export async function addressesOf(url: URL, rules: TargetRules): Promise<readonly [LookupAddress, ...LookupAddress[]]> {
  const [first, ...rest] = await resolved(url.hostname, rules.resolve)
  if (first === undefined) throw unreachable(url)
  const addresses = [first, ...rest].map(({ address }) => address)
  if (mayConnect(url, addresses, rules)) return [first, ...rest]
  throw addresses.some((address) => addressKind(address) === 'public') ? refused() : unreachable(url)
}

/** The text as a URL. Throws `Failure('invalid')`. */
export function urlOf(text: string): URL {
  if (!URL.canParse(text)) throw refused()
  return new URL(text)
}

/** The host of a URL, for whoever counts calls; empty where there is none. */
export function hostOf(text: string): string {
  return URL.canParse(text) ? new URL(text).host : ''
}

export function unreachable(url: URL, cause?: unknown): Failure {
  return new Failure('upstream', `The server at ${url.host} could not be reached.`, { cause })
}

function mayConnect(url: URL, addresses: readonly string[], { ports, allowLoopback }: TargetRules): boolean {
  const kinds = new Set(addresses.map(addressKind))
  if (kinds.size !== 1) return false
  if (kinds.has('public')) return url.protocol === 'https:' && ports.includes(portOf(url))
  return kinds.has('loopback') && allowLoopback
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}

async function resolved(hostname: string, resolve: Resolve): Promise<readonly LookupAddress[]> {
  try {
    return await resolve(hostname)
  } catch {
    // Safe because a name without an address is refused by the caller, like one whose addresses are private.
    return []
  }
}

function refused(): Failure {
  return new Failure('invalid', 'This URL may not be called from here.', {
    code: 'URL_NOT_ALLOWED',
    problems: [
      {
        path: 'url',
        expected: 'an https URL of a public server, on its usual port, without a user name or password',
        example: 'https://app.example.com/client.json',
      },
    ],
  })
}
