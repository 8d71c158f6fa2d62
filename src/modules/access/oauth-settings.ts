import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import { commaList, setting, wholeNumber, yesOrNo } from '#kernel/config/setting'

export const OAuthSettings = z.object({
  issuer: setting('OAUTH_ISSUER', z.url({ protocol: /^https?$/ }).optional(), {
    describe:
      'Take access tokens of this authorization server (its issuer identifier, letter by letter) instead of running one here. Needs `PUBLIC_URL`. Plain http only to this machine, or outside production.',
    example: 'https://login.example.com/realms/acme',
  }),
  audiences: setting('OAUTH_AUDIENCES', commaList().default([]), {
    describe:
      'Audiences that the authorization server of `OAUTH_ISSUER` writes for all of this server, where it cannot write the URL of the resource that was asked for. Such a token opens every endpoint.',
    example: 'api://plimsoll',
  }),
  tenantClaim: setting('OAUTH_TENANT_CLAIM', z.string().min(1).default('tenant'), {
    describe: 'Claim of the tokens of `OAUTH_ISSUER` that holds the tenant id.',
    example: 'org_id',
  }),
  tenant: setting('OAUTH_TENANT', z.string().min(1).optional(), {
    describe: 'The one tenant of all tokens of `OAUTH_ISSUER`; the tenant claim is not read then.',
    example: 'acme',
  }),
  scopeClaim: setting('OAUTH_SCOPE_CLAIM', z.string().min(1).default('scope'), {
    describe: 'Claim of those tokens that holds the scopes: a list, or text with blanks between.',
    example: 'scp',
  }),
  subject: setting('OAUTH_SUBJECT', z.enum(['email', 'user', 'external']).default('email'), {
    describe:
      'Who a token of `OAUTH_ISSUER` is: the member with its verified `email`, the member whose id is its `sub`, or (`external`) a person who is known there alone and has the role of `OAUTH_EXTERNAL_ROLE`.',
    example: 'email',
  }),
  externalRole: setting('OAUTH_EXTERNAL_ROLE', z.enum(ROLES).default('member'), {
    describe: 'Role of people who are known to `OAUTH_ISSUER` alone. Their tokens hold at most its scopes.',
    example: 'read-only',
  }),
  tokenSecondsMax: setting('OAUTH_TOKEN_SECONDS_MAX', wholeNumber(60, 604_800).default(86_400), {
    describe: 'Longest life of a token of `OAUTH_ISSUER` that is taken.',
    example: '3600',
  }),
  dynamicRegistration: setting('OAUTH_DYNAMIC_REGISTRATION', yesOrNo().optional(), {
    describe:
      'Let any program register as a client of our authorization server (RFC 7591). Programs that publish a client metadata document need no registration. Unset: in development alone.',
    example: 'false',
  }),
})

export type OAuthSettings = z.output<typeof OAuthSettings>
