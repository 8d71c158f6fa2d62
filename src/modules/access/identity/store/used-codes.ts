import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'

/** The used codes stored per person: more than the three that are valid at one time. */
const CODES_KEPT = 5

const Code = z.object({ user_id: z.string(), code: z.instanceof(Buffer), now: z.date() })

const useCodeRow = writing(
  'access.use-code',
  sql`update access.two_factors
    set used_codes = (array_prepend(:code::bytea, used_codes))[1:${CODES_KEPT}], code_used_at = :now
    where user_id = :user_id
      and not (:code = any(used_codes) and code_used_at > :now::timestamptz - interval '3 minutes')
    returning id`,
  { params: Code.shape, row: z.strictObject({ id: z.string() }) },
)

/** Stores a code as used; false when it was used before, also by a concurrent call. `db` is the system handle. */
export async function useCode(db: Db, code: z.output<typeof Code>): Promise<boolean> {
  return (await useCodeRow(autocommit({ db }), code)).length > 0
}
