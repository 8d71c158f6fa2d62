import { betterAuth } from 'better-auth'
import type { BetterAuthPlugin } from 'better-auth'
import { jwt, organization, twoFactor } from 'better-auth/plugins'
import type { Logger } from 'pino'
import type { Clock } from '#kernel/clock'
import type { AuthSettings } from '../auth-settings.ts'
import type { Database } from '#kernel/database/pool'
import { newId } from '#kernel/ids'
import type { Mailer } from '../mail/mailer.ts'
import { accountHooks } from './account-hooks.ts'
import { accountMails } from './account-mails.ts'
import { ADDRESS_HEADER, AUTH_BASE_PATH } from './endpoints.ts'
import type { IdentityEvents } from './events.ts'
import type { KeyedHash } from './keyed-hash.ts'
import type { LockoutGuard } from './lockout.ts'
import { mailNeeded } from './mail-needed.ts'
import { organizationRoles } from './organization-roles.ts'
import { passwordHashing } from './password-hash.ts'
import { PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN } from './password-rule.ts'
import type { SigningKeys } from './signing-keys.ts'
import { singleUseCodes } from './single-use-codes.ts'
import { ID_PREFIXES, KEY_TABLES, ORGANIZATION_TABLES, TABLES, TWO_FACTOR_TABLES } from './tables.ts'

export interface AuthParts {
  readonly database: Pick<Database, 'system' | 'statements'>
  readonly publicUrl: string
  /** Whether cookies are sent over https only. */
  readonly secureCookies: boolean
  /** At least 32 characters. */
  readonly secret: string
  readonly settings: AuthSettings
  readonly mailer: Mailer
  readonly clock: Clock
  readonly log: Logger
  readonly keys: SigningKeys
  readonly events: IdentityEvents
  readonly guard: LockoutGuard
  readonly hash: () => Promise<KeyedHash>
  /** Further plugins. Their hooks run in this order, so the last one sees the final answer. */
  readonly plugins: readonly BetterAuthPlugin[]
}

export type Auth = ReturnType<typeof createAuth>

/**
 * The auth library (better-auth) on our own tables. It uses the system time, since it takes no clock, and writes as
 * plimsoll_system in its own transactions.
 */
export function createAuth(parts: AuthParts) {
  const { database, publicUrl, secret, settings, clock, log, plugins } = parts
  const hooks = accountHooks({ ...parts, db: database.statements })
  return betterAuth({
    appName: 'Plimsoll',
    baseURL: `${publicUrl}${AUTH_BASE_PATH}`,
    basePath: AUTH_BASE_PATH,
    // As a list, so that the library takes no further secrets from environment variables.
    secrets: [{ version: 1, value: secret }],
    telemetry: { enabled: false },
    database: { db: database.system, type: 'postgres', schemaName: 'access', transaction: true },
    ...TABLES,
    session: { ...TABLES.session, expiresIn: settings.refreshTokenDays * 86_400 },
    emailAndPassword: {
      enabled: true,
      disableSignUp: settings.signUp === 'closed',
      minPasswordLength: PASSWORD_LENGTH_MIN,
      maxPasswordLength: PASSWORD_LENGTH_MAX,
      requireEmailVerification: settings.requireVerifiedEmail,
      autoSignIn: false,
      revokeSessionsOnPasswordReset: true,
      password: passwordHashing,
      ...accountMails(parts).password,
      ...hooks.password,
    },
    emailVerification: { sendOnSignUp: true, ...accountMails(parts).verification, ...hooks.verification },
    databaseHooks: hooks.database,
    rateLimit: { enabled: false },
    // What the library did not expect is thrown on, to be logged and answered like every failure of this server.
    onAPIError: { errorURL: `${publicUrl}/error`, throw: true },
    // No level is set: with one the library prints refusals itself. Its default, warnings, logs no e-mail address.
    logger: {
      log: (level, message) => log[level === 'error' ? 'error' : 'debug']({ library: 'better-auth' }, message),
    },
    advanced: {
      cookiePrefix: 'plimsoll',
      useSecureCookies: parts.secureCookies,
      disableOriginCheck: false,
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      database: { generateId: ({ model }) => newId(ID_PREFIXES[model] ?? 'aut', clock()) },
      defaultCookieAttributes: { httpOnly: true, sameSite: 'lax', path: '/' },
    },
    plugins: [
      mailNeeded(parts.mailer, settings.requireVerifiedEmail),
      ...libraryPlugins(parts),
      singleUseCodes({ ...parts, db: database.statements }),
      ...plugins,
    ],
  })
}

function libraryPlugins({ keys, publicUrl, settings }: AuthParts) {
  return [
    jwt({
      jwks: {
        keyPairConfig: { alg: 'EdDSA', crv: 'Ed25519' },
        disablePrivateKeyEncryption: true,
        gracePeriod: keys.verifySeconds,
      },
      jwt: { issuer: publicUrl, audience: publicUrl, expirationTime: `${settings.accessTokenSeconds}s` },
      disableSettingJwtHeader: true,
      schema: KEY_TABLES,
      adapter: {
        getJwks: async () => [...(await keys.all())],
        createJwk: () => Promise.reject(new Error('signing keys are created by rotateSigningKey')),
      },
    }),
    twoFactor({ issuer: 'Plimsoll', schema: TWO_FACTOR_TABLES }),
    organization({
      allowUserToCreateOrganization: false,
      disableOrganizationDeletion: true,
      creatorRole: 'owner',
      roles: organizationRoles,
      schema: ORGANIZATION_TABLES,
    }),
  ]
}
