import { z } from 'zod'
import type { Db } from '#kernel/database/db'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'
import { autocommit } from '#kernel/database/transact'

/** More than are good at one time: a code is taken from half a minute before its time to half a minute after. */
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

/** False when this code was used before: of two at once, one is the first. `db` is the system handle. */
export async function useCode(db: Db, code: z.output<typeof Code>): Promise<boolean> {
  return (await useCodeRow(autocommit({ db }), code)).length > 0
}
