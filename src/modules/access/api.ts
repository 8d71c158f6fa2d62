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
  /** The authorization servers whose access tokens are accepted. */
  readonly issuers: () => readonly string[]
  createTenant(ctx: Ctx, input: { name: string }): Promise<Tenant>
  /** Every tenant of this installation, sorted by id. */
  tenants(): Promise<Tenant[]>
  /** Handles a request to `/auth/…`. Our own pages use it to act for the signed-in browser user. */
  readonly identityWeb: IdentityWeb
  readonly sessionPrincipal: SessionPrincipal
  /** Creates an account with a confirmed address and adds it to the context's tenant; for the operator. */
  addPerson(ctx: Ctx, person: NewPerson): Promise<{ userId: string }>
  /** Replaces the key that signs access tokens, without a restart; for the operator. */
  readonly rotateSigningKey: Identity['rotateSigningKey']
  /** Waits a few seconds at most for mails that are being sent. */
  close(): Promise<void>
}
