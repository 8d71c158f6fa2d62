import { z } from 'zod'
import { statement, writing } from '../database/statement.ts'
import { sql } from '../database/sql.ts'
import { autocommit } from '../database/transact.ts'
import { job } from '../jobs/job.ts'

/** How long a repeated call with the same key gets the first call's result; later it is a new call. */
export const IDEMPOTENCY_DAYS = 7

const params = { now: z.date(), days: z.int() }
const EXPIRED = sql`created_at < :now::timestamptz - make_interval(days => :days)`

const deleteKeys = writing(
  'kernel.forget-idempotency-keys',
  sql`delete from kernel.idempotency_keys where tenant_id = :tenant_id and ${EXPIRED}`,
  { params },
)

const expired = statement(
  'kernel.tenants-with-expired-idempotency-keys',
  sql`select distinct tenant_id from kernel.idempotency_keys where ${EXPIRED}`,
  { params, row: z.strictObject({ tenant_id: z.string() }) },
)

/** The job that deletes expired idempotency keys. */
export const forgetIdempotencyKeys = job({
  name: 'kernel.forget-idempotency-keys',
  describe: `Forget idempotency keys older than ${IDEMPOTENCY_DAYS} days.`,
  cron: '17 3 * * *',
  due: async (system, now) =>
    (await expired({ db: system }, { now, days: IDEMPOTENCY_DAYS })).map(({ tenant_id }) => tenant_id),
  payload: z.strictObject({}),
  scopes: [],
  run: async (ctx) => {
    await deleteKeys(autocommit(ctx), { now: ctx.clock(), days: IDEMPOTENCY_DAYS })
  },
})
