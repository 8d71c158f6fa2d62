import type { Jwk } from 'better-auth/plugins/jwt'
import { exportJWK, generateKeyPair, importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import type { Clock } from '#kernel/clock'
import { changeWatch } from '#kernel/database/change-watch'
import type { Db } from '#kernel/database/db'
import type { OnTx } from '#kernel/database/statement'
import type { Signals } from '#kernel/database/signals'
import { transact } from '#kernel/database/transact'
import { newId } from '#kernel/ids'
import type { Keyring } from '#kernel/crypto/keyring'
import { SIGNING_KEYS_CHANGED } from './signals.ts'
import {
  deleteKeysExpiredBefore,
  insertSigningKey,
  listSigningKeys,
  lockSigningKeys,
  retireOtherKeys,
} from './store/signing-keys.ts'
import type { SigningKeyRow } from './store/signing-keys.ts'

/** EdDSA over Ed25519 (RFC 8037): small signatures, and no parameters. */
export const SIGNING_ALGORITHM = 'EdDSA'

/** How much longer than an access token lives its key is published: for ID tokens (one hour) and clock differences. */
const VERIFY_SECONDS_MORE = 3900

export interface Signer {
  readonly keyId: string
  readonly key: CryptoKey
}

/** The keys that sign access tokens. */
export interface SigningKeys {
  /** How long a retired key is published. */
  readonly verifySeconds: number
  /** The keys that sign or still verify, with decrypted private keys. The newest that has not expired signs. */
  all(): Promise<readonly Jwk[]>
  /** The key that signs now. */
  signer(): Promise<Signer>
  /** The public keys, for verifiers. */
  publicKeys(): Promise<readonly JWK[]>
  /** Creates a key that signs from the commit on, in every process; the others verify until their tokens expire. */
  rotate(on: OnTx): Promise<{ readonly keyId: string; readonly retired: string[] }>
}

interface SigningKeyParts {
  readonly db: Db
  readonly signals: Signals
  readonly keyring: Keyring
  readonly clock: Clock
  readonly accessTokenSeconds: number
}

export const signingKeyContext = (id: string) => `access.signing-key:${id}`

/**
 * The signing keys, cached until any process changes them. While the signal connection is down they are read at each
 * call.
 */
export function signingKeys(parts: SigningKeyParts): SigningKeys {
  const { db, signals, keyring, clock, accessTokenSeconds } = parts
  const verifySeconds = accessTokenSeconds + VERIFY_SECONDS_MORE
  const watch = changeWatch(signals)
  let known: readonly Jwk[] | undefined
  const forget = () => {
    watch.changed()
    known = undefined
  }
  signals.subscribe(SIGNING_KEYS_CHANGED, forget)
  signals.onLost(forget)

  const verifiedSince = () => new Date(clock().getTime() - verifySeconds * 1000)
  const read = async (): Promise<readonly Jwk[]> => {
    const isUnchanged = watch.reading()
    let rows = await listSigningKeys({ db }, verifiedSince())
    if (!hasSigner(rows)) {
      await createFirstKey(parts, verifiedSince())
      rows = await listSigningKeys({ db }, verifiedSince())
    }
    const keys = rows.map((row) => decrypted(row, keyring))
    if (isUnchanged()) known = keys
    return keys
  }
  const all = async () => known ?? (await read())

  let imported: Signer | undefined
  const signer = async (): Promise<Signer> => {
    const now = clock()
    const newest = (await all()).findLast(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    if (newest === undefined) throw new Error('there is no signing key, though one was just created')
    if (imported?.keyId !== newest.id) imported = await signerOf(newest)
    return imported
  }

  return {
    verifySeconds,
    all,
    signer,
    async publicKeys() {
      const since = verifiedSince()
      const live = (await all()).filter(({ expiresAt }) => expiresAt === undefined || expiresAt > since)
      return live.map(({ id, publicKey }) => publishedJwk(id, publicKey))
    },
    async rotate(on) {
      await lockSigningKeys(on)
      const now = clock()
      const keyId = await createKey(on, keyring, now)
      const retired = await retireOtherKeys(on, keyId, now)
      await deleteKeysExpiredBefore(on, verifiedSince())
      return { keyId, retired }
    },
  }
}

function publishedJwk(kid: string, text: string): JWK {
  // safe because: it was written from an exported public key, by `createKey`.
  const jwk = JSON.parse(text) as JWK
  return { ...jwk, kid, alg: SIGNING_ALGORITHM, use: 'sig' }
}

/** Whether one of these keys signs. */
const hasSigner = (rows: readonly SigningKeyRow[]) => rows.some((row) => row.expires_at === null)

/** Creates the first key of an installation. It has no audit event, since no caller asked for it. */
async function createFirstKey({ db, keyring, clock }: SigningKeyParts, verifiedSince: Date): Promise<void> {
  await transact(db, async (tx) => {
    const on = { db: tx }
    await lockSigningKeys(on)
    if (!hasSigner(await listSigningKeys(on, verifiedSince))) await createKey(on, keyring, clock())
  })
}

function decrypted(row: SigningKeyRow, keyring: Keyring): Jwk {
  return {
    id: row.id,
    publicKey: row.public_key,
    privateKey: keyring.open(row.private_key, signingKeyContext(row.id)).toString(),
    createdAt: row.created_at,
    alg: SIGNING_ALGORITHM,
    crv: 'Ed25519',
    ...(row.expires_at !== null && { expiresAt: row.expires_at }),
  }
}

async function createKey(on: OnTx, keyring: Keyring, now: Date): Promise<string> {
  const { publicKey, privateKey } = await generateKeyPair(SIGNING_ALGORITHM, { extractable: true })
  const [publicJwk, privateJwk] = await Promise.all([exportJWK(publicKey), exportJWK(privateKey)])
  const id = newId('sgk', now)
  await insertSigningKey(on, {
    id,
    alg: SIGNING_ALGORITHM,
    crv: 'Ed25519',
    created_at: now,
    expires_at: null,
    public_key: JSON.stringify(publicJwk),
    private_key: keyring.seal(JSON.stringify(privateJwk), signingKeyContext(id)),
  })
  return id
}

async function signerOf({ id, privateKey }: Jwk): Promise<Signer> {
  // safe because: it was written from an exported private key, by `createKey`.
  const key = await importJWK(JSON.parse(privateKey) as JWK, SIGNING_ALGORITHM)
  if (key instanceof Uint8Array) throw new Error('a signing key is symmetric')
  return { keyId: id, key }
}
