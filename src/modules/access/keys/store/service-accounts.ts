import type { Ctx } from '#kernel/context'
import { statement } from '#kernel/database/statement'
import type { ServiceAccount } from '../contract.ts'

interface AccountRow {
  service_account_id: string
  name: string
  scopes: string[]
  created_at: Date
  disabled_at: Date | null
}

const COLUMNS = 'service_account_id, name, scopes, created_at, disabled_at'

const insertRow = statement<AccountRow>(
  'access.insert-service-account',
  `insert into access.service_accounts (tenant_id, service_account_id, name, scopes, created_at)
   values ($1, $2, $3, $4, $5) returning ${COLUMNS}`,
)
const selectRows = statement<AccountRow>(
  'access.list-service-accounts',
  `select ${COLUMNS} from access.service_accounts where tenant_id = $1 order by created_at, service_account_id`,
)
const selectRow = statement<AccountRow>(
  'access.lock-service-account',
  `select ${COLUMNS} from access.service_accounts where tenant_id = $1 and service_account_id = $2 for share`,
)
const updateDisabled = statement<AccountRow>(
  'access.disable-service-account',
  `update access.service_accounts set disabled_at = coalesce(disabled_at, $3)
   where tenant_id = $1 and service_account_id = $2 returning ${COLUMNS}`,
)
const revokeKeysOf = statement<{ key_id: string }>(
  'access.revoke-keys-of-service-account',
  `update access.api_keys set revoked_at = $3
   where tenant_id = $1 and service_account_id = $2 and revoked_at is null returning key_id`,
)

export async function insertServiceAccount(
  ctx: Ctx,
  account: Pick<ServiceAccount, 'serviceAccountId' | 'name' | 'scopes'>,
): Promise<ServiceAccount> {
  const { serviceAccountId, name, scopes } = account
  const [row] = await insertRow(ctx.db, [ctx.tenantId, serviceAccountId, name, scopes, ctx.clock()])
  if (row === undefined) throw new Error('insert … returning gave no row')
  return toAccount(row)
}

export async function listServiceAccounts(ctx: Ctx): Promise<ServiceAccount[]> {
  return (await selectRows(ctx.db, [ctx.tenantId])).map(toAccount)
}

/** Locked against change until the transaction ends: a key is not made for an account that is being disabled. */
export async function lockServiceAccount(ctx: Ctx, id: string): Promise<ServiceAccount | undefined> {
  const [row] = await selectRow(ctx.db, [ctx.tenantId, id])
  return row === undefined ? undefined : toAccount(row)
}

/** Keeps the first time. Ends the account's keys and tells how many; undefined when the tenant has no such account. */
export async function disableServiceAccount(
  ctx: Ctx,
  id: string,
): Promise<{ account: ServiceAccount; keysRevoked: number } | undefined> {
  const values = [ctx.tenantId, id, ctx.clock()]
  const [row] = await updateDisabled(ctx.db, values)
  if (row === undefined) return undefined
  const revoked = await revokeKeysOf(ctx.db, values)
  return { account: toAccount(row), keysRevoked: revoked.length }
}

function toAccount(row: AccountRow): ServiceAccount {
  return {
    serviceAccountId: row.service_account_id,
    name: row.name,
    scopes: row.scopes,
    createdAt: row.created_at,
    disabledAt: row.disabled_at,
  }
}
