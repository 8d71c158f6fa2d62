import type { ScopeGrant } from '#kernel/authorization'
import { textOf } from './identity.ts'

/** What scopes of the standard let a client do: those are in no module's table. */
const STANDARD: Readonly<Record<string, string>> = {
  openid: 'know that it is you',
  profile: 'see your name',
  email: 'see your e-mail address',
  offline_access: 'stay connected when you are not here, until you end it',
}

/** What an application that asks for these scopes could do, in words. */
export function describeGrants(scopes: readonly string[], table: readonly ScopeGrant[]): string[] {
  const words = new Map<string, string>(table.map((grant) => [grant.scope, grant.describe]))
  return scopes.map((scope) => words.get(scope) ?? STANDARD[scope] ?? scope)
}

/** How an OAuth client calls itself, and the host of the document that says so; without one nobody vouches for the name. */
export function clientName(
  clientId: string,
  described: Readonly<Record<string, unknown>>,
): { readonly name: string; readonly host: string | undefined } {
  const host = URL.canParse(clientId) && clientId.startsWith('https:') ? new URL(clientId).host : undefined
  const name = plain(textOf(described['client_name']) || textOf(described['name']))
  return { name: name || host || 'An application without a name', host }
}

const NAME_CHARACTERS_MAX = 80

/** A client names itself: what hides or turns letters, and mere length, could make the page say something else. */
function plain(name: string): string {
  const visible = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '').trim()
  return visible.length > NAME_CHARACTERS_MAX ? `${visible.slice(0, NAME_CHARACTERS_MAX)}…` : visible
}
