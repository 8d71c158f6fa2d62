import type { Logger } from 'pino'
import { z } from 'zod'
import type { Clock } from '#kernel/clock'
import { Failure } from '#kernel/failure'
import { fetchJson } from '#kernel/network/fetch-json'
import { issuerMetadataUrls } from '#kernel/network/oauth-discovery'
import { keysOf } from './token-keys.ts'
import type { TokenKeys, VerificationKey } from './token-keys.ts'

const FRESH_MILLISECONDS = 600_000
/** How long known keys stay valid while they cannot be read again, so that an outage of the issuer is not one here. */
const STALE_MILLISECONDS = 24 * 3_600_000
/** The shortest time between two reads for unknown key ids, and after a failed read. */
const COOLDOWN_MILLISECONDS = 30_000
const KEYS_MAX = 100

export interface IssuerParts {
  readonly issuer: string
  readonly clock: Clock
  readonly log: Logger
  readonly timeoutSeconds?: number
}

const Metadata = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) })
const KeySet = z.object({ keys: z.array(z.record(z.string(), z.unknown())).max(KEYS_MAX) })

interface KnownKeys {
  readonly keys: ReadonlyMap<string, VerificationKey>
  readonly readAt: number
}

/**
 * The keys of an external authorization server, found through its metadata. They are refreshed every ten minutes in the
 * background, and for an unknown key id at most every half minute. While reading fails, or the metadata names another
 * issuer, known keys stay valid for a day. Without keys, tokens cannot be verified: `Failure('unavailable')`.
 */
export function issuerTokenKeys(parts: IssuerParts): TokenKeys {
  const { clock, log } = parts
  let known: KnownKeys | undefined
  let triedAt = -Infinity
  let reading: Promise<void> | undefined

  const read = (): Promise<void> => {
    triedAt = clock().getTime()
    reading ??= readKeys(parts)
      .then((keys) => {
        known = { keys, readAt: clock().getTime() }
      })
      .catch((error: unknown) => {
        log.warn({ err: error, issuer: parts.issuer }, 'the keys of the token issuer could not be read')
      })
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  const mayTry = () => clock().getTime() - triedAt >= COOLDOWN_MILLISECONDS
  const age = () => (known === undefined ? Infinity : clock().getTime() - known.readAt)
  const usable = () => {
    if (known !== undefined && age() < STALE_MILLISECONDS) return known.keys
    const retryAfterSeconds = COOLDOWN_MILLISECONDS / 1000
    throw new Failure('unavailable', 'Access tokens cannot be verified now: their issuer is unavailable.', {
      code: 'ISSUER_UNAVAILABLE',
      retryAfterSeconds,
    })
  }
  return {
    find(kid) {
      const key = age() < STALE_MILLISECONDS ? known?.keys.get(kid) : undefined
      if (key !== undefined) {
        if (age() >= FRESH_MILLISECONDS && mayTry()) void read()
        return key
      }
      if (reading === undefined && !mayTry()) return usable().get(kid)
      return (reading ?? read()).then(() => usable().get(kid))
    },
  }
}

async function readKeys(parts: IssuerParts): Promise<ReadonlyMap<string, VerificationKey>> {
  const { timeoutSeconds = 5 } = parts
  const uri = await keySetUrl(parts.issuer, timeoutSeconds)
  const { status, json } = await fetchJson(uri, { timeoutSeconds })
  const set = KeySet.safeParse(json)
  if (status !== 200 || !set.success) throw new Failure('upstream', `There is no key set at ${uri} (status ${status}).`)
  const keys = await keysOf(set.data.keys)
  if (keys.size === 0) throw new Failure('upstream', `The key set at ${uri} has no usable signature key.`)
  return keys
}

async function keySetUrl(issuer: string, timeoutSeconds: number): Promise<string> {
  const problems: string[] = []
  for (const url of issuerMetadataUrls(issuer)) {
    const { status, json } = await fetchJson(url, { timeoutSeconds }).catch((error: unknown) => {
      if (error instanceof Failure) return { status: 0, json: undefined }
      throw error
    })
    const metadata = Metadata.safeParse(json)
    if (status !== 200 || !metadata.success) {
      problems.push(`${url}: ${status === 0 ? 'no answer' : `no metadata, status ${status}`}`)
      continue
    }
    const { issuer: named, jwks_uri } = metadata.data
    // The metadata must name exactly this issuer (RFC 8414, 3.3).
    if (named !== issuer) problems.push(`${url}: it names the issuer ${named}`)
    else if (issuer.startsWith('https:') && !jwks_uri.startsWith('https:'))
      problems.push(`${url}: the key set has an http URL`)
    else return jwks_uri
  }
  throw new Failure('upstream', `The issuer ${issuer} has no valid metadata. ${problems.join('; ')}`)
}
