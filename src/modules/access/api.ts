import type { z } from 'zod'
import type { Authenticate, Role } from '#kernel/principal'
import type { Ctx } from '#kernel/context'
import type { Tenant } from './contract.ts'
import type { NewPerson } from './identity/add-person.ts'
import type { Identity } from './identity/identity.ts'
import type { membersOf } from './identity/members.ts'
import type { SessionPrincipal } from './identity/session-principal.ts'
import type { IdentityWeb } from './identity/web.ts'
import type { Keys } from './keys/keys.ts'

export interface People {
  list(ctx: Ctx): Promise<z.output<ReturnType<typeof membersOf>['output']>>
  find(ctx: Ctx, email: string): Promise<{ readonly user_id: string; readonly role: Role } | undefined>
  changeRole(ctx: Ctx, input: { user_id: string; role: Role }): Promise<unknown>
  remove(ctx: Ctx, input: { user_id: string }): Promise<unknown>
  reset(ctx: Ctx, input: { user_id: string; password: string; second_factor: boolean }): Promise<void>
}

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
  /** Whether mails are written to the log, because no mail server is set. */
  readonly writesMails: boolean
  /** Creates an account with a confirmed address and adds it to the context's tenant; for the operator. */
  addPerson(ctx: Ctx, person: NewPerson): Promise<{ userId: string }>
  /** The people of the context's tenant, and what an operator may change of them. */
  readonly people: People
  /** Replaces the key that signs access tokens, without a restart; for the operator. */
  readonly rotateSigningKey: Identity['rotateSigningKey']
  /** Waits a few seconds at most for mails that are being sent. */
  close(): Promise<void>
}
