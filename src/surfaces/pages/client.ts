import type { ScopeGrant } from '#kernel/authorization'
import { textOf } from './identity.ts'

/** Descriptions of the OpenID Connect scopes, which no module declares. */
const STANDARD: Readonly<Record<string, string>> = {
  openid: 'know that it is you',
  profile: 'see your name',
  email: 'see your e-mail address',
  offline_access: 'keep access while you are away, until you revoke it',
}

/** The descriptions of these scopes, for the person who grants them; a scope nobody describes is shown as it is. */
export function describeGrants(scopes: readonly string[], table: readonly ScopeGrant[]): string[] {
  const words = new Map<string, string>(table.map((grant) => [grant.scope, grant.describe]))
  return scopes.map((scope) => words.get(scope) ?? STANDARD[scope] ?? scope)
}

/** The name of an OAuth client, and the host of its client ID metadata document; without a host the name is unverified. */
export function clientName(
  clientId: string,
  described: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly host: string | undefined } {
  const host = URL.canParse(clientId) && clientId.startsWith('https:') ? new URL(clientId).host : undefined
  const name = plain(textOf(described['client_name']) || textOf(described['name']))
  return { name: name || host || 'Unnamed application', host }
}

const NAME_CHARACTERS_MAX = 80

/** Clients choose their names: control and direction characters, or length, could make the page mislead. */
function plain(name: string): string {
  const visible = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim()
  return visible.length > NAME_CHARACTERS_MAX ? `${visible.slice(0, NAME_CHARACTERS_MAX)}…` : visible
}
