import { createHash } from 'node:crypto'
import { statement } from '../database/statement.ts'
import { Failure } from '../failure.ts'
import type { Ctx } from '../context.ts'

interface Call {
  readonly action: string
  readonly key: string
  readonly input: unknown
}

/** Claims the key, or waits for the transaction that holds it: two calls with one key never both do the work. */
const claimKey = statement<{ key: string }>(
  'kernel.claim-idempotency-key',
  `insert into kernel.idempotency_keys (tenant_id, action, key, request_hash, created_at)
   values ($1, $2, $3, $4, $5) on conflict do nothing returning key`,
)

const findKey = statement<{ request_hash: Buffer; result: unknown }>(
  'kernel.find-idempotency-key',
  `select request_hash, result from kernel.idempotency_keys where tenant_id = $1 and action = $2 and key = $3`,
)

const storeResult = statement(
  'kernel.store-idempotent-result',
  `update kernel.idempotency_keys set result = $4 where tenant_id = $1 and action = $2 and key = $3`,
)

/**
 * The result of the first call with this key, or undefined when this call is the first. The same key with other
 * arguments is a `conflict`: it is a caller's mistake that must not pass as a success.
 */
export async function recallResult<Result>(ctx: Ctx, call: Call): Promise<{ result: Result } | undefined> {
  const hash = hashOf(call.input)
  const claimed = await claimKey(ctx.db, [ctx.tenantId, call.action, call.key, hash, ctx.clock()])
  if (claimed.length > 0) return undefined
  const [first] = await findKey(ctx.db, [ctx.tenantId, call.action, call.key])
  if (first === undefined || !first.request_hash.equals(hash)) {
    throw new Failure('conflict', `The idempotency key ${JSON.stringify(call.key)} was used with other arguments.`, {
      code: 'IDEMPOTENCY_KEY_REUSED',
      problems: [{ path: 'idempotency_key', expected: 'a key of its own for every new operation' }],
    })
  }
  // safe because: what is stored under this action is what this action's work returned.
  return { result: first.result as Result }
}

export async function rememberResult(ctx: Ctx, call: Call, result: unknown): Promise<void> {
  await storeResult(ctx.db, [ctx.tenantId, call.action, call.key, JSON.stringify(result)])
}

function hashOf(input: unknown): Buffer {
  return createHash('sha256')
    .update(JSON.stringify(sortedKeys(input)))
    .digest()
}

/** The order of an object's keys is the caller's whim and does not make it another request. */
function sortedKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortedKeys)
  if (value === null || typeof value !== 'object' || value instanceof Date) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortedKeys(inner)]))
}
