import { encryptedColumn } from '#kernel/crypto/encrypted-field'
import type { Module } from '#kernel/module'
import type { Metrics } from '#kernel/telemetry/metrics'
import type { Access } from './api.ts'
import { authenticator } from './authenticate.ts'
import { accessDeclarations } from './declarations.ts'
import { forgetExpiredJob } from './forget-expired.ts'
import { addPerson } from './identity/add-person.ts'
import { openIdentity } from './identity/identity.ts'
import type { IdentityNeeds } from './identity/identity.ts'
import { operatorsPeople } from './identity/operators-people.ts'
import { sessionPrincipal } from './identity/session-principal.ts'
import { signingKeyContext } from './identity/signing-keys.ts'
import { openKeys } from './keys/keys.ts'
import type { KeysNeeds } from './keys/keys.ts'
import { openOAuth } from './oauth/oauth.ts'
import type { OAuthNeeds } from './oauth/oauth.ts'
import { mailCheck, writesMails } from './mail/mail-check.ts'
import { accessMetrics } from './metrics.ts'
import { accessPersonalData } from './personal-data/holders.ts'
import { listTenants } from './store.ts'
import { createTenant } from './tenants.ts'

export type { Access }

export { PASSWORD_GUIDANCE } from './identity/password-rule.ts'
export { firstPassword } from './commands/people.ts'

export interface AccessNeeds extends Omit<IdentityNeeds & OAuthNeeds & KeysNeeds, 'instruments'> {
  readonly metrics: Pick<Metrics, 'integration' | 'instruments'>
}

export function accessModule(needs: AccessNeeds): Module<Access> {
  const { database } = needs
  const instruments = needs.metrics.instruments('access', accessMetrics)
  const oauth = openOAuth({ ...needs, instruments })
  const identity = openIdentity({ ...needs, instruments }, oauth)
  const keys = openKeys(needs)
  return {
    ...accessDeclarations,
    scopes: [
      { scope: 'account:read', describe: 'see your own account and sessions', least: 'read-only' },
      {
        scope: 'account:write',
        describe: 'end your sessions, change your password and second factor, accept invitations',
        least: 'read-only',
        peopleOnly: true,
      },
      { scope: 'keys:read', describe: 'see your own API keys', least: 'read-only' },
      { scope: 'keys:write', describe: 'create and revoke your own API keys', least: 'read-only', peopleOnly: true },
      { scope: 'access:read', describe: 'see the people, keys and sessions of the organisation', least: 'manager' },
      {
        scope: 'access:write',
        describe: 'invite and remove people, create service accounts, revoke the keys of others',
        least: 'admin',
        peopleOnly: true,
      },
    ],
    api: {
      ...keys.api,
      authenticate: authenticator({ keys: keys.authenticate, tokens: oauth.authenticator(identity.keys) }),
      issuers: oauth.issuers,
      createTenant,
      tenants: () => listTenants(database.system),
      identityWeb: identity.web,
      sessionPrincipal: sessionPrincipal({ auth: identity.auth, system: database.system, scopes: needs.scopes }),
      writesMails: needs.config.auth.smtpUrl === undefined && writesMails(needs.config.server.environment),
      addPerson: addPerson(database.system),
      people: operatorsPeople(database.system),
      rotateSigningKey: identity.rotateSigningKey,
      close: () => identity.close(),
    },
    routes: [...identity.routes, ...keys.routes],
    openRoutes: identity.openRoutes,
    jobs: [forgetExpiredJob(database.system)],
    checks: [mailCheck(needs.config.auth, needs.config.server.environment)],
    web: [...identity.mounts, ...oauth.mounts(identity.auth)],
    personalData: accessPersonalData(database.system),
    encryptedFields: [
      encryptedColumn({
        name: 'access.signing-keys',
        table: 'access.signing_keys',
        key: ['id'],
        column: 'private_key',
        context: signingKeyContext,
      }),
    ],
  }
}
