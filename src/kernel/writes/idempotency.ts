import { createHash } from 'node:crypto'
import { z } from 'zod'
import { canonicalJson } from '../crypto/canonical-json.ts'
import { statement, writing } from '../database/statement.ts'
import { sql } from '../database/sql.ts'
import { Failure } from '../failure.ts'
import type { WriteCtx } from './open-change.ts'

interface Call {
  readonly action: string
  readonly key: string
  readonly input: unknown
}

const ByCall = { action: z.string(), key: z.string() }
const WHERE_CALL = sql`where tenant_id = :tenant_id and action = :action and key = :key`

/**
 * Claims the key, or waits for the transaction that holds it, so that two calls with one key never both do the work.
 */
const claimKey = writing(
  'kernel.claim-idempotency-key',
  sql`insert into kernel.idempotency_keys (tenant_id, action, key, request_hash, created_at)
   values (:tenant_id, :action, :key, :request_hash, :now) on conflict do nothing returning key`,
  {
    params: { ...ByCall, request_hash: z.instanceof(Buffer), now: z.date() },
    row: z.strictObject({ key: z.string() }),
  },
)

const findKey = statement(
  'kernel.find-idempotency-key',
  sql`select request_hash, result from kernel.idempotency_keys ${WHERE_CALL}`,
  { params: ByCall, row: z.strictObject({ request_hash: z.instanceof(Buffer), result: z.unknown() }) },
)

const storeResult = writing(
  'kernel.store-idempotent-result',
  sql`update kernel.idempotency_keys set result = :result ${WHERE_CALL}`,
  { params: { ...ByCall, result: z.string().nullable() } },
)

/**
 * The result of the first call with this key; undefined if this call is the first. The same key with other arguments is
 * a `conflict`, because it is a mistake of the caller.
 */
export async function recallResult<Result>(ctx: WriteCtx, call: Call): Promise<{ result: Result } | undefined> {
  const hash = hashOf(call.input)
  const claimed = await claimKey(ctx, { ...call, request_hash: hash, now: ctx.clock() })
  if (claimed.length > 0) return undefined
  const [first] = await findKey(ctx, call)
  if (first === undefined || !first.request_hash.equals(hash)) {
    throw new Failure('conflict', `The idempotency key ${JSON.stringify(call.key)} was used with other arguments.`, {
      code: 'IDEMPOTENCY_KEY_REUSED',
      problems: [{ path: 'idempotency_key', expected: 'a key of its own for every new operation' }],
    })
  }
  // safe because: the value stored for this action was returned by this action's work.
  return { result: first.result as Result }
}

export async function rememberResult(ctx: WriteCtx, call: Call, result: unknown): Promise<void> {
  await storeResult(ctx, { ...call, result: JSON.stringify(result) ?? null })
}

/** A hash of the input that does not depend on the order of object keys. */
function hashOf(input: unknown): Buffer {
  return createHash('sha256').update(canonicalJson(input)).digest()
}
