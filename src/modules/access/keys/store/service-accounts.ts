import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { statement, writing } from '#kernel/database/statement'
import { columnsOf, parametersOf } from '#kernel/database/row-sql'
import { sql } from '#kernel/database/sql'
import type { WriteCtx } from '#kernel/writes/change'
import { camelCased } from '../../field-names.ts'
import { ServiceAccountRow } from '../contract.ts'
import type { ServiceAccount } from '../contract.ts'

const COLUMNS = columnsOf(ServiceAccountRow)
const ById = { service_account_id: z.string() }
const DisabledAt = { ...ById, now: z.date() }

const NewAccount = ServiceAccountRow.omit({ created_at: true, disabled_at: true })

const insertRow = writing(
  'access.insert-service-account',
  sql`insert into access.service_accounts (tenant_id, ${columnsOf(NewAccount)}, created_at)
    values (:tenant_id, ${parametersOf(NewAccount)}, :now) returning ${COLUMNS}`,
  { params: { ...NewAccount.shape, now: z.date() }, row: ServiceAccountRow },
)

const selectRows = statement(
  'access.list-service-accounts',
  sql`select ${COLUMNS} from access.service_accounts
    where tenant_id = :tenant_id order by created_at, service_account_id`,
  { row: ServiceAccountRow },
)

const lockRow = writing(
  'access.lock-service-account',
  sql`select ${COLUMNS} from access.service_accounts
    where tenant_id = :tenant_id and service_account_id = :service_account_id for share`,
  { params: ById, row: ServiceAccountRow },
)

const updateDisabled = writing(
  'access.disable-service-account',
  sql`update access.service_accounts set disabled_at = coalesce(disabled_at, :now)
    where tenant_id = :tenant_id and service_account_id = :service_account_id returning ${COLUMNS}`,
  { params: DisabledAt, row: ServiceAccountRow },
)

const revokeKeysOf = writing(
  'access.revoke-keys-of-service-account',
  sql`update access.api_keys set revoked_at = :now
    where tenant_id = :tenant_id and service_account_id = :service_account_id and revoked_at is null returning key_id`,
  { params: DisabledAt, row: z.strictObject({ key_id: z.string() }) },
)

export async function insertServiceAccount(
  ctx: WriteCtx,
  account: z.output<typeof NewAccount>,
): Promise<ServiceAccount> {
  const [row] = await insertRow(ctx, { ...account, now: ctx.clock() })
  if (row === undefined) throw new Error('insert … returning gave no row')
  return camelCased(row)
}

export async function listServiceAccounts(ctx: Ctx): Promise<ServiceAccount[]> {
  return (await selectRows(ctx)).map(camelCased)
}

/** Reads a service account and locks its row, so that no key is created for one that is being disabled. */
export async function lockServiceAccount(ctx: WriteCtx, id: string): Promise<ServiceAccount | undefined> {
  const [row] = await lockRow(ctx, { service_account_id: id })
  return row && camelCased(row)
}

/**
 * Disables a service account and revokes its keys. An account that was disabled before keeps its time. Undefined when
 * the tenant has no such account.
 */
export async function disableServiceAccount(
  ctx: WriteCtx,
  id: string,
): Promise<{ account: ServiceAccount; keysRevoked: number } | undefined> {
  const disabling = { service_account_id: id, now: ctx.clock() }
  const [row] = await updateDisabled(ctx, disabling)
  if (row === undefined) return undefined
  const revoked = await revokeKeysOf(ctx, disabling)
  return { account: camelCased(row), keysRevoked: revoked.length }
}
