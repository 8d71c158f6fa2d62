import { z } from 'zod'
import { statement } from '../database/statement.ts'
import { job } from '../jobs/job.ts'

/** A call repeated with its key within this time gets the first call's result; after it, it is a new call. */
export const IDEMPOTENCY_DAYS = 7

const deleteKeys = statement(
  'kernel.forget-idempotency-keys',
  `delete from kernel.idempotency_keys where tenant_id = $1 and created_at < $2::timestamptz - make_interval(days => $3)`,
)

/** Keeps the table of idempotency keys from growing for ever. */
export const forgetIdempotencyKeys = job({
  name: 'kernel.forget-idempotency-keys',
  describe: `Forget idempotency keys older than ${IDEMPOTENCY_DAYS} days.`,
  cron: '17 3 * * *',
  payload: z.strictObject({}),
  scopes: [],
  run: async (ctx) => {
    await deleteKeys(ctx.db, [ctx.tenantId, ctx.clock(), IDEMPOTENCY_DAYS])
  },
})
