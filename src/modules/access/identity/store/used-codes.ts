import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

/** More than are good at one time: a code is taken from half a minute before its time to half a minute after. */
const CODES_KEPT = 5

const useCodeRow = statement<{ id: string }>(
  'access.use-code',
  `update access.two_factors
   set used_codes = (array_prepend($2::bytea, used_codes))[1:${CODES_KEPT}], code_used_at = $3
   where user_id = $1 and not ($2 = any(used_codes) and code_used_at > $3::timestamptz - interval '3 minutes')
   returning id`,
)

/** False when this code was used before: of two at once, one is the first. `db` is the system handle. */
export async function useCode(db: Db, userId: string, code: Buffer, now: Date): Promise<boolean> {
  return (await useCodeRow(db, [userId, code, now])).length > 0
}
