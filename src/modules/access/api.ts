import type { Authenticate } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import type { Tenant } from './contract.ts'
import type { NewPerson } from './identity/add-person.ts'
import type { Identity } from './identity/identity.ts'
import type { SessionPrincipal } from './identity/session-principal.ts'
import type { IdentityWeb } from './identity/web.ts'
import type { Keys } from './keys/keys.ts'

/** Tenants, people, API keys and service accounts. */
export interface Access extends Keys {
  readonly authenticate: Authenticate
  /** The authorization servers whose tokens are taken. */
  readonly issuers: () => readonly string[]
  createTenant(ctx: Ctx, input: { name: string }): Promise<Tenant>
  /** Every tenant of this installation, by id. */
  tenants(): Promise<Tenant[]>
  /** Answers a request to `/auth/…`: for pages that act for whoever sits before them. */
  readonly identityWeb: IdentityWeb
  readonly sessionPrincipal: SessionPrincipal
  /** Makes a person whom the operator vouches for a member of the context's tenant. */
  addPerson(ctx: Ctx, person: NewPerson): Promise<{ userId: string }>
  /** A new key signs access tokens from now on, without a restart; for the operator. */
  readonly rotateSigningKey: Identity['rotateSigningKey']
  /** Waits for mails under way, at most a few seconds. */
  close(): Promise<void>
}
