import { z } from 'zod'
import type { OnTx } from '#kernel/database/statement'
import { writing } from '#kernel/database/statement'
import { sql } from '#kernel/database/sql'

const User = { user_id: z.string(), name: z.string(), email: z.string(), now: z.date() }
const Account = { account_id: z.string(), user_id: z.string(), hash: z.string(), now: z.date() }

const insertUser = writing(
  'access.add-person',
  sql`insert into access.users (id, name, email, email_verified, created_at, updated_at)
    values (:user_id, :name, lower(:email), true, :now, :now) on conflict (email) do nothing returning id`,
  { params: User, row: z.strictObject({ id: z.string() }) },
)
const insertAccount = writing(
  'access.add-account',
  sql`insert into access.accounts (id, account_id, provider_id, user_id, password, created_at, updated_at)
    values (:account_id, :user_id, 'credential', :user_id, :hash, :now, :now)`,
  { params: Account },
)

const NewPerson = z.object({ ...User, ...Account })

/** Inserts a person with a password hash, as the auth library stores them; false when the e-mail has an account. */
export async function insertPerson(on: OnTx, person: z.output<typeof NewPerson>): Promise<boolean> {
  if ((await insertUser(on, person)).length === 0) return false
  await insertAccount(on, person)
  return true
}
