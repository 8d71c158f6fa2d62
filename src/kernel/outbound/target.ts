import { lookup } from 'node:dns/promises'
import type { LookupAddress } from 'node:dns'
import { isIP } from 'node:net'
import { Failure } from '../failure.ts'
import { addressKind } from './address-kind.ts'

/** Finds every address of a host name. */
export type Resolve = (hostname: string) => Promise<readonly LookupAddress[]>

export interface TargetRules {
  /** Ports a URL may name. */
  readonly ports: readonly number[]
  /** Also this machine, with plain HTTP and on any port: for development and tests. */
  readonly allowLoopback: boolean
  readonly resolve: Resolve
}

/** A URL that may be called, and the addresses its connection may go to: they were checked, and no other is asked for. */
export interface Target {
  readonly url: URL
  readonly addresses: readonly LookupAddress[]
}

export const systemResolve: Resolve = (hostname) => lookup(hostname, { all: true, verbatim: true })

/**
 * Judges a URL and every address of its host. Throws `Failure('invalid')` for a URL that may not be called at all, and
 * `Failure('upstream')` for a host that cannot be: one answer for a name that is unknown and for one that leads inside,
 * so that nobody learns the names of a private network.
 */
export async function targetOf(url: URL, rules: TargetRules): Promise<Target> {
  requireForm(url, rules)
  const hostname = url.hostname.replace(/^\[|\]$/g, '')
  const family = isIP(hostname)
  const addresses = family === 0 ? await resolved(hostname, rules.resolve) : [{ address: hostname, family }]
  const kinds = new Set(addresses.map(({ address }) => addressKind(address)))
  if (kinds.size === 1 && kinds.has('public') && url.protocol === 'https:' && rules.ports.includes(portOf(url))) {
    return { url, addresses }
  }
  if (kinds.size === 1 && kinds.has('loopback') && rules.allowLoopback) return { url, addresses }
  if (family !== 0 || kinds.has('public')) throw refused()
  throw unreachable(url)
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

function requireForm(url: URL, { ports, allowLoopback }: TargetRules): void {
  const isWeb = url.protocol === 'https:' || (url.protocol === 'http:' && allowLoopback)
  if (!isWeb || url.username !== '' || url.password !== '' || url.hostname === '') throw refused()
  if (!allowLoopback && !ports.includes(portOf(url))) throw refused()
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
