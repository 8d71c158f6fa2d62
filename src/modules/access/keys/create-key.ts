import { z } from 'zod'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { change } from '#kernel/writes/change'
import type { WriteCtx } from '#kernel/writes/change'
import { requireScope } from '#kernel/writes/scope'
import { auditedName } from '../audited-name.ts'
import { lockRole } from '../identity/store/members.ts'
import { keyHash, keyPrefix, newKeyText } from '../key-text.ts'
import { tenantExists } from '../store.ts'
import { CreateKeyInput } from './contract.ts'
import type { ApiKey } from './contract.ts'
import { keyProblems, requireHeld } from './grantable.ts'
import type { Grantable } from './grantable.ts'
import { insertKey, lockKey } from './store/keys.ts'
import { lockServiceAccount } from './store/service-accounts.ts'

/**
 * Creates an API key and returns it in plain text; only its hash is stored. The key belongs to the caller or to a
 * service account, and never has more scopes than its owner.
 */
export const createKey = (grantable: () => Grantable) =>
  change({
    action: 'access.create-key',
    scope: 'keys:write',
    effect: 'create',
    input: CreateKeyInput,
    output: z.custom<{ readonly key: string; readonly apiKey: ApiKey }>(),
    async work(ctx, input) {
      const problems = keyProblems(input, grantable(), ctx.clock())
      if (problems.length > 0) throw new Failure('invalid', 'The key was not created.', { problems })
      if (!(await tenantExists(ctx))) {
        throw new Failure('not_found', `There is no tenant ${ctx.tenantId}. Create it first: plimsoll tenants create.`)
      }
      requireHeld(ctx, input.scopes)
      const parent = await callingKey(ctx)
      requireLargerParent(parent, input)
      const owner = await ownerOf(ctx, input, parent)
      const key = newKeyText()
      const { name, scopes, servers = null, toolsets = null, networks = null } = input
      const apiKey = await insertKey(ctx, {
        name,
        scopes,
        servers,
        toolsets,
        networks,
        ...owner,
        read_only: input.readOnly ?? false,
        expires_at: input.expiresAt ?? null,
        key_id: newId('key', ctx.clock()),
        prefix: keyPrefix(key),
        hash: keyHash(key),
        made_with: parent?.keyId ?? null,
      })
      return { result: { key, apiKey }, subject: apiKey.keyId, after: auditedName(ctx, `key:${apiKey.keyId}`, apiKey) }
    },
  })

/** The key that the caller authenticated with, locked. Revoking it also revokes the keys created with it. */
async function callingKey(ctx: WriteCtx): Promise<ApiKey | undefined> {
  if (ctx.actor.kind !== 'key') return undefined
  const parent = await lockKey(ctx, ctx.actor.id)
  if (parent !== undefined && parent.revokedAt !== null) {
    throw new Failure('unauthenticated', 'The API key was revoked.')
  }
  return parent
}

function requireLargerParent(parent: ApiKey | undefined, { expiresAt }: CreateKeyInput): void {
  if (parent === undefined) return
  const { servers, toolsets, networks, readOnly, expiresAt: parentExpiresAt } = parent
  if (readOnly || servers !== null || toolsets !== null || networks !== null) {
    const message = 'A restricted key cannot create other keys: sign in, or use a key without restrictions.'
    throw new Failure('forbidden', message, { code: 'OUT_OF_BOUNDS' })
  }
  if (parentExpiresAt === null || (expiresAt !== undefined && expiresAt <= parentExpiresAt)) return
  const until = parentExpiresAt.toISOString()
  const problems = [
    { path: 'expiresAt', expected: `a time not after ${until}, when the key that creates it expires`, example: until },
  ]
  throw new Failure('invalid', 'The key was not created.', { problems })
}

interface Owner {
  readonly user_id: string | null
  readonly service_account_id: string | null
}

/** The given service account, else the calling person. A key without an owner requires `access:write`. */
async function ownerOf(ctx: WriteCtx, input: CreateKeyInput, parent: ApiKey | undefined): Promise<Owner> {
  const inherited = parent?.serviceAccountId ?? undefined
  const serviceAccountId = input.serviceAccountId ?? inherited
  if (serviceAccountId !== undefined) {
    if (serviceAccountId !== inherited) requireScope(ctx, 'access:write')
    await requireAccount(ctx, serviceAccountId, input.scopes)
    return { user_id: null, service_account_id: serviceAccountId }
  }
  if (ctx.userId === undefined) {
    requireScope(ctx, 'access:write')
    return { user_id: null, service_account_id: null }
  }
  if ((await lockRole(ctx, ctx.userId)) === undefined) {
    throw new Failure('forbidden', 'You are not a member of this organisation.', { code: 'NOT_A_MEMBER' })
  }
  return { user_id: ctx.userId, service_account_id: null }
}

async function requireAccount(ctx: WriteCtx, id: string, scopes: readonly string[]): Promise<void> {
  const account = await lockServiceAccount(ctx, id)
  if (account === undefined) throw new Failure('not_found', `There is no service account ${id}.`)
  if (account.disabledAt !== null) throw new Failure('conflict', `The service account ${account.name} is disabled.`)
  const beyond = scopes.filter((scope) => !account.scopes.includes(scope))
  if (beyond.length === 0) return
  const expected = `scopes of the service account (${account.scopes.join(', ')}); it does not hold ${beyond.join(', ')}`
  throw new Failure('invalid', 'The key was not created.', { problems: [{ path: 'scopes', expected }] })
}
