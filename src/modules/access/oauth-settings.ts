import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import { commaList, setting, wholeNumber, yesOrNo } from '#kernel/config/setting'

export const OAuthSettings = z.object({
  issuer: setting('OAUTH_ISSUER', z.url({ protocol: /^https?$/ }).optional(), {
    describe:
      'Accept access tokens of this authorization server (its exact issuer identifier) instead of running one here. Requires `PUBLIC_URL`. In production, http is allowed for loopback addresses only.',
    example: 'https://login.example.com/realms/acme',
  }),
  audiences: setting('OAUTH_AUDIENCES', commaList().default([]), {
    describe:
      'Audiences that `OAUTH_ISSUER` uses for this whole server, if it cannot use the URL of the requested resource. A token with such an audience is accepted at every endpoint.',
    example: 'api://plimsoll',
  }),
  tenantClaim: setting('OAUTH_TENANT_CLAIM', z.string().min(1).default('tenant'), {
    describe: 'Claim of the tokens of `OAUTH_ISSUER` that holds the tenant id.',
    example: 'org_id',
  }),
  tenant: setting('OAUTH_TENANT', z.string().min(1).optional(), {
    describe: 'The tenant of all tokens of `OAUTH_ISSUER`. When set, the tenant claim is ignored.',
    example: 'acme',
  }),
  scopeClaim: setting('OAUTH_SCOPE_CLAIM', z.string().min(1).default('scope'), {
    describe: 'Claim of the tokens of `OAUTH_ISSUER` that holds the scopes: a list, or a space-separated text.',
    example: 'scp',
  }),
  subject: setting('OAUTH_SUBJECT', z.enum(['email', 'user', 'external']).default('email'), {
    describe:
      'How a token of `OAUTH_ISSUER` names a person: by its verified `email`, by its `sub` as the user id (`user`), or as a person without an account here, who has the role of `OAUTH_EXTERNAL_ROLE` (`external`).',
    example: 'email',
  }),
  externalRole: setting('OAUTH_EXTERNAL_ROLE', z.enum(ROLES).default('member'), {
    describe:
      'Role of people without an account here (`OAUTH_SUBJECT=external`). Their tokens have at most its scopes.',
    example: 'read-only',
  }),
  tokenSecondsMax: setting('OAUTH_TOKEN_SECONDS_MAX', wholeNumber(60, 604_800).default(86_400), {
    describe: 'Longest accepted lifetime of a token of `OAUTH_ISSUER`.',
    example: '3600',
  }),
  dynamicRegistration: setting('OAUTH_DYNAMIC_REGISTRATION', yesOrNo().optional(), {
    describe:
      'Let any program register as a client of our authorization server (RFC 7591). Programs that publish a client metadata document need no registration. When unset: only in development.',
    example: 'false',
  }),
})

export type OAuthSettings = z.output<typeof OAuthSettings>
