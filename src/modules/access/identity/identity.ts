import type { BetterAuthPlugin } from 'better-auth'
import type { Logger } from 'pino'
import type { AuditTrail } from '#kernel/audit'
import type { Clock } from '#kernel/clock'
import { localSecret } from '#kernel/config/local-secret'
import type { Ctx } from '#kernel/context'
import type { Database } from '#kernel/database/pool'
import type { Signals } from '#kernel/database/signals'
import type { Keyring } from '#kernel/crypto/keyring'
import type { Metrics } from '#kernel/telemetry/metrics'
import type { PublicUrl } from '#kernel/network/public-url'
import type { OpenRoute, Route, WebMount } from '#kernel/calls/route'
import { openMailer } from '../mail/open-mailer.ts'
import { rateLimitedMailer } from '../mail/rate-limited-mailer.ts'
import type { AccessInstruments } from '../metrics.ts'
import type { AccessConfig } from '../settings.ts'
import { accessTokenSigner } from './access-token.ts'
import { createAuth } from './better-auth.ts'
import type { Auth } from './better-auth.ts'
import { confirmEmail } from './confirm-email.ts'
import { identityEvents } from './events.ts'
import { keyedHash } from './keyed-hash.ts'
import { libraryOf } from './library.ts'
import { lockoutGuard } from './lockout.ts'
import { rotateSigningKey } from './rotate-signing-key.ts'
import { accountRoutes } from './routes/account-routes.ts'
import { credentialRoutes } from './routes/credential-routes.ts'
import { memberRoutes } from './routes/member-routes.ts'
import { signInRoutes } from './routes/sign-in-routes.ts'
import { externalIssuerRefusal, sessionTokens } from './session-tokens.ts'
import { signIn } from './sign-in.ts'
import { signOut } from './sign-out.ts'
import { signUp } from './sign-up.ts'
import { signingKeys } from './signing-keys.ts'
import type { SigningKeys } from './signing-keys.ts'
import { watchPlugin } from './watch-plugin.ts'
import { identityMounts, identityWeb } from './web.ts'
import type { IdentityWeb, MoreEndpoints } from './web.ts'

export interface IdentityNeeds {
  readonly config: Pick<AccessConfig, 'auth' | 'oauth' | 'server'>
  readonly database: Database
  readonly signals: Signals
  readonly keyring: Keyring
  readonly audit: Pick<AuditTrail, 'record'>
  readonly metrics: Pick<Metrics, 'integration'>
  readonly instruments: AccessInstruments
  readonly publicUrl: PublicUrl
  readonly clock: Clock
  readonly log: Logger
}

/** People's accounts and sign-in, as the rest of the access module uses them. */
export interface Identity {
  /** The auth library, created at its first use: it needs the public URL, which is known once the server listens. */
  readonly auth: () => Promise<Auth>
  readonly web: IdentityWeb
  readonly mounts: readonly WebMount[]
  readonly routes: readonly Route[]
  readonly openRoutes: readonly OpenRoute[]
  readonly keys: SigningKeys
  readonly rotateSigningKey: (ctx: Ctx) => Promise<{ readonly keyId: string; readonly retired: readonly string[] }>
  close(): Promise<void>
}

/** Opens accounts and sign-in. `plugins` are further plugins of the auth library, with the endpoints they add. */
export function openIdentity(
  needs: IdentityNeeds,
  { plugins, ...more }: MoreEndpoints & { readonly plugins: (keys: SigningKeys) => readonly BetterAuthPlugin[] },
): Identity {
  const { config, database, signals, keyring, clock, log, metrics } = needs
  const { auth: settings, server } = config
  const { accessTokenSeconds, refreshTokenDays, requireVerifiedEmail } = settings
  const db = database.system
  const publicUrl = () => needs.publicUrl.get()
  const keys = signingKeys({ db, signals, keyring, clock, accessTokenSeconds })
  const events = identityEvents(needs.audit, needs.instruments)
  const finished = (outcome: string, seconds: number) => metrics.integration.finished('mail', 'send', outcome, seconds)
  const mailer = rateLimitedMailer(openMailer({ settings, environment: server.environment, log, finished }), needs)
  const hash = once(async () => keyedHash(await localSecret(settings.jwtSecret, server.dataDir, 'jwt-secret')))
  const lockout = { failuresMax: settings.lockoutFailures, seconds: settings.lockoutSeconds }
  const guard = lockoutGuard({ db: database.statements, clock, hash, ...lockout })

  const auth = once(async () => {
    const secret = await localSecret(settings.betterAuthSecret, server.dataDir, 'better-auth-secret')
    const watch = watchPlugin({ db: database.statements, events, guard, hash })
    const secureCookies = server.secureCookies ?? publicUrl().startsWith('https:')
    const parts = { database, secret, secureCookies, settings, mailer, clock, log, keys, events, guard, hash }
    return createAuth({ ...parts, publicUrl: publicUrl(), plugins: [...plugins(keys), watch] })
  })
  const library = libraryOf(auth, publicUrl)
  const sign = accessTokenSigner({ keys, publicUrl, clock, accessTokenSeconds })
  const tokens = sessionTokens({ db, clock, hash, sign, events, accessTokenSeconds, refreshTokenDays })
  const { issuer } = config.oauth
  const refusal = issuer === undefined ? undefined : externalIssuerRefusal(issuer)
  const signInPerson = refusal ?? signIn({ db, clock, library, tokens })
  const handlers = {
    signIn: signInPerson,
    signUp: signUp({ library, requireVerifiedEmail, signIn: signInPerson }),
    signOut: signOut({ db, clock, keys, hash, publicUrl, events }),
    refresh: refusal ?? tokens.refresh,
  }
  const rotate = rotateSigningKey(db, keys)
  const confirm = confirmEmail({ auth, library, guard })
  const web = identityWeb(auth, confirm, more)
  return {
    auth,
    web,
    keys,
    mounts: identityMounts(web, more.paths),
    routes: [...accountRoutes(db, library), ...memberRoutes({ system: db, mailer, publicUrl })],
    openRoutes: [...signInRoutes(handlers), ...credentialRoutes(library, confirm)],
    rotateSigningKey: (ctx) => rotate(ctx, {}),
    close: () => mailer.close(),
  }
}

/** Calls `make` once, at first use; after a failure the next call tries again. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined
  return () => {
    result ??= make().catch((error: unknown) => {
      result = undefined
      throw error
    })
    return result
  }
}
