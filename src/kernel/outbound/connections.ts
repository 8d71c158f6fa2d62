import type { LookupFunction } from 'node:net'
import { callbackify } from 'node:util'
import type { Dispatcher } from 'undici'
import { addressesOf } from './target.ts'
import type { TargetRules } from './target.ts'

/** The connections of one outbound client, kept open between calls; opened with the first. */
export type Connections = () => Promise<Dispatcher>

const HEADER_BYTES_MAX = 16 * 1024
/** After so long the name is resolved again, even where calls keep the connection busy. */
const CONNECTION_MILLISECONDS_MAX = 300_000
/** A connection without a call is closed after so long, whatever its server asks for. */
const IDLE_MILLISECONDS_MAX = 30_000

/**
 * A connection pool for each origin. A new connection goes to the addresses that were checked in this very lookup, so a
 * name server that answers differently a moment later changes nothing. An IP address in a URL needs no lookup: `requireUrl`
 * has checked it.
 */
export function openConnections(rules: TargetRules, connectSeconds: number): Connections {
  let opened: Promise<Dispatcher> | undefined
  const open = async (): Promise<Dispatcher> => {
    // Imported with the first call: it takes 90 ms and 28 MB, and most installations call nobody.
    const { Agent, Pool } = await import('undici')
    return new Agent({
      factory: (origin) =>
        new Pool(origin, {
          connect: { timeout: connectSeconds * 1000, lookup: checkedLookup(new URL(origin), rules) },
          clientTtl: CONNECTION_MILLISECONDS_MAX,
          keepAliveMaxTimeout: IDLE_MILLISECONDS_MAX,
          // Over HTTP/2 the bound for headers would not hold.
          allowH2: false,
          maxHeaderSize: HEADER_BYTES_MAX,
          // The bounds of time are the caller's, with failures that name the server.
          headersTimeout: 0,
          bodyTimeout: 0,
        }),
    })
  }
  return () => (opened ??= open())
}

function checkedLookup(url: URL, rules: TargetRules): LookupFunction {
  const checked = callbackify(() => addressesOf(url, rules))
  return (_hostname, { all }, callback) =>
    checked((error: Error | null, addresses) => {
      if (error !== null) callback(error, '')
      else if (all === true) callback(null, [...addresses])
      else callback(null, addresses[0].address, addresses[0].family)
    })
}
