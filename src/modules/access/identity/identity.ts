import type { BetterAuthPlugin } from 'better-auth'
import type { Logger } from 'pino'
import type { AuditTrail } from '#kernel/audit'
import type { Clock } from '#kernel/clock'
import type { Config } from '#kernel/config/config'
import { keptSecret } from '#kernel/config/kept-secret'
import type { Database } from '#kernel/database/pool'
import type { Signals } from '#kernel/database/signals'
import type { Keyring } from '#kernel/keyring'
import type { Metrics } from '#kernel/metrics'
import type { PublicUrl } from '#kernel/public-url'
import type { WebMount } from '#kernel/route'
import { openMailer } from '../mail/open-mailer.ts'
import { createAuth } from './better-auth.ts'
import type { Auth } from './better-auth.ts'
import { signingKeys } from './signing-keys.ts'
import type { SigningKeys } from './signing-keys.ts'
import { identityMounts, identityWeb } from './web.ts'
import type { IdentityWeb } from './web.ts'

export interface IdentityNeeds {
  readonly config: Pick<Config, 'auth' | 'server'>
  readonly database: Database
  readonly signals: Signals
  readonly keyring: Keyring
  readonly audit: Pick<AuditTrail, 'record'>
  readonly metrics: Metrics
  readonly publicUrl: PublicUrl
  readonly clock: Clock
  readonly log: Logger
}

/** The accounts of people: what the rest of the access module builds on. */
export interface Identity {
  /** The auth library, made at its first use: it needs the public URL, known once the server listens. */
  readonly auth: () => Promise<Auth>
  readonly web: IdentityWeb
  readonly mounts: readonly WebMount[]
  readonly keys: SigningKeys
  close(): Promise<void>
}

/** `plugins` are those that others add to the library, made with it. `paths` are the endpoints that these open. */
export function openIdentity(
  needs: IdentityNeeds,
  { plugins, paths }: { readonly plugins: () => readonly BetterAuthPlugin[]; readonly paths: readonly string[] },
): Identity {
  const { config, database, signals, keyring, clock, log, metrics, publicUrl } = needs
  const { accessTokenSeconds } = config.auth
  const keys = signingKeys({ db: database.system, signals, keyring, clock, accessTokenSeconds })
  const mailer = openMailer({
    settings: config.auth,
    environment: config.server.environment,
    log,
    finished: (outcome, seconds) => metrics.integration.finished('mail', 'send', outcome, seconds),
  })
  const auth = once(async () => {
    const secret = await keptSecret(config.auth.betterAuthSecret, config.server.dataDir, 'better-auth-secret')
    const parts = { database, secret, settings: config.auth, mailer, clock, log, keys }
    return createAuth({ ...parts, publicUrl: publicUrl.get(), plugins: plugins() })
  })
  const web = identityWeb(auth, paths)
  return { auth, web, keys, mounts: identityMounts(web, paths), close: () => mailer.close() }
}

/** Makes it when it is first asked for; a failure is not kept. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
}
