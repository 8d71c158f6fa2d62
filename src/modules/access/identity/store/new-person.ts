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

const Replaced = { user_id: z.string(), hash: z.string(), second_factor: z.boolean(), now: z.date() }

const updatePassword = writing(
  'access.replace-password',
  sql`with factor as (
      delete from access.two_factors where user_id = :user_id and :second_factor
    ), person as (
      update access.users set two_factor_enabled = two_factor_enabled and not :second_factor where id = :user_id
    ), ended as (
      delete from access.sessions where user_id = :user_id
    )
    update access.accounts set password = :hash, updated_at = :now
    where user_id = :user_id and provider_id = 'credential'`,
  { params: Replaced },
)

/** Replaces the password of a person and ends their sessions; with `second_factor` it removes their second factor. */
export async function replacePassword(on: OnTx, replaced: z.output<z.ZodObject<typeof Replaced>>): Promise<void> {
  await updatePassword(on, replaced)
}
