import { z } from 'zod'
import { statement } from '../database/statement.ts'
import { job } from '../jobs/job.ts'

/** A call repeated with its key within this time gets the first call's result; after it, it is a new call. */
export const IDEMPOTENCY_DAYS = 7

const deleteKeys = statement(
  'kernel.forget-idempotency-keys',
  `delete from kernel.idempotency_keys where tenant_id = $1 and created_at < $2::timestamptz - make_interval(days => $3)`,
)

const expired = statement<{ tenant_id: string }>(
  'kernel.tenants-with-expired-idempotency-keys',
  `select distinct tenant_id from kernel.idempotency_keys where created_at < $1::timestamptz - make_interval(days => $2)`,
)

/** Keeps the table of idempotency keys from growing for ever. */
export const forgetIdempotencyKeys = job({
  name: 'kernel.forget-idempotency-keys',
  describe: `Forget idempotency keys older than ${IDEMPOTENCY_DAYS} days.`,
  cron: '17 3 * * *',
  due: async (system, now) => (await expired(system, [now, IDEMPOTENCY_DAYS])).map(({ tenant_id }) => tenant_id),
  payload: z.strictObject({}),
  scopes: [],
  run: async (ctx) => {
    await deleteKeys(ctx.db, [ctx.tenantId, ctx.clock(), IDEMPOTENCY_DAYS])
  },
})
