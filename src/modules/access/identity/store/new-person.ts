import type { Db } from '#kernel/database/db'
import { statement } from '#kernel/database/statement'

const insertUser = statement<{ id: string }>(
  'access.add-person',
  `insert into access.users (id, name, email, email_verified, created_at, updated_at)
   values ($1, $2, lower($3), true, $4, $4) on conflict (email) do nothing returning id`,
)
const insertAccount = statement(
  'access.add-account',
  `insert into access.accounts (id, account_id, provider_id, user_id, password, created_at, updated_at)
   values ($1, $2, 'credential', $2, $3, $4, $4)`,
)

/** The person and their password, as the auth library keeps them; false when the address is taken. */
export async function insertPerson(
  db: Db,
  person: { userId: string; accountId: string; email: string; name: string; hash: string; now: Date },
): Promise<boolean> {
  const { userId, accountId, email, name, hash, now } = person
  if ((await insertUser(db, [userId, name, email, now])).length === 0) return false
  await insertAccount(db, [accountId, userId, hash, now])
  return true
}
