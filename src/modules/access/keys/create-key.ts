import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { requireScope } from '#kernel/writes/scope'
import { auditedName } from '../audited-name.ts'
import { keyHash, keyPrefix, newKeyText } from '../key-text.ts'
import { tenantExists } from '../store.ts'
import type { ApiKey, CreateKeyInput } from './contract.ts'
import { requireHeld, uselessness } from './grantable.ts'
import type { Grantable } from './grantable.ts'
import { findKey, insertKey, lockMember } from './store/keys.ts'
import { lockServiceAccount } from './store/service-accounts.ts'

/**
 * Makes a key and returns it in clear: the only moment it exists outside its owner's hands. It is the maker's own, or a
 * service account's, and can do no more than either, now or later.
 */
export const createKey = (grantable: () => Grantable) =>
  change<CreateKeyInput, { key: string; apiKey: ApiKey }>('access.create-key', 'keys:write', async (ctx, input) => {
    const problems = uselessness(input, grantable(), ctx.clock())
    if (problems.length > 0) throw new Failure('invalid', 'The key was not made.', { problems })
    if (!(await tenantExists(ctx.db, ctx.tenantId))) {
      throw new Failure('not_found', `There is no tenant ${ctx.tenantId}. Make it first: plimsoll tenants create.`)
    }
    requireHeld(ctx, input.scopes)
    const parent = await callingKey(ctx)
    requireLargerParent(parent, input)
    const owner = await ownerOf(ctx, input, parent)
    const key = newKeyText()
    const apiKey = await insertKey(ctx, {
      ...input,
      ...owner,
      keyId: newId('key', ctx.clock()),
      prefix: keyPrefix(key),
      hash: keyHash(key),
      expiresAt: input.expiresAt,
      madeWith: parent?.keyId,
    })
    return { result: { key, apiKey }, subject: apiKey.keyId, after: auditedName(ctx, `key:${apiKey.keyId}`, apiKey) }
  })

/** The key that makes another: the new one ends with it. */
async function callingKey(ctx: Ctx): Promise<ApiKey | undefined> {
  if (ctx.actor.kind !== 'key') return undefined
  const parent = await findKey(ctx, ctx.actor.id)
  if (parent !== undefined && parent.revokedAt !== null) {
    throw new Failure('unauthenticated', 'The API key was revoked.')
  }
  return parent
}

function requireLargerParent(parent: ApiKey | undefined, { expiresAt }: CreateKeyInput): void {
  if (parent === undefined) return
  const { servers, toolsets, networks, readOnly, expiresAt: parentExpiresAt } = parent
  if (readOnly || servers !== null || toolsets !== null || networks !== null) {
    const message = 'A key that is bound makes no other keys: sign in, or use one that is not bound.'
    throw new Failure('forbidden', message, { code: 'OUT_OF_BOUNDS' })
  }
  if (parentExpiresAt === null || (expiresAt !== undefined && expiresAt <= parentExpiresAt)) return
  const until = parentExpiresAt.toISOString()
  const problems = [
    { path: 'expiresAt', expected: `a time not after ${until}, when the key that makes it ends`, example: until },
  ]
  throw new Failure('invalid', 'The key was not made.', { problems })
}

interface Owner {
  readonly userId: string | undefined
  readonly serviceAccountId: string | undefined
}

/** A service account that is named; otherwise whoever the caller acts for. Nobody's keys take `access:write` to make. */
async function ownerOf(ctx: Ctx, input: CreateKeyInput, parent: ApiKey | undefined): Promise<Owner> {
  const inherited = parent?.serviceAccountId ?? undefined
  const serviceAccountId = input.serviceAccountId ?? inherited
  if (serviceAccountId !== undefined) {
    if (serviceAccountId !== inherited) requireScope(ctx, 'access:write')
    await requireAccount(ctx, serviceAccountId, input.scopes)
    return { userId: undefined, serviceAccountId }
  }
  if (ctx.userId === undefined) {
    requireScope(ctx, 'access:write')
    return { userId: undefined, serviceAccountId: undefined }
  }
  if (!(await lockMember(ctx, ctx.userId))) {
    throw new Failure('forbidden', 'You are not a member of this organisation any more.', { code: 'NOT_A_MEMBER' })
  }
  return { userId: ctx.userId, serviceAccountId: undefined }
}

async function requireAccount(ctx: Ctx, id: string, scopes: readonly string[]): Promise<void> {
  const account = await lockServiceAccount(ctx, id)
  if (account === undefined) throw new Failure('not_found', `There is no service account ${id}.`)
  if (account.disabledAt !== null) throw new Failure('conflict', `The service account ${account.name} is disabled.`)
  const beyond = scopes.filter((scope) => !account.scopes.includes(scope))
  if (beyond.length === 0) return
  const expected = `scopes of the service account (${account.scopes.join(', ')}); it does not hold ${beyond.join(', ')}`
  throw new Failure('invalid', 'The key was not made.', { problems: [{ path: 'scopes', expected }] })
}
