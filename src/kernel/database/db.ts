import type { Kysely } from 'kysely'

/**
 * A database handle bound to one tenant. A store names its tables: `ctx.db.withTables<CustomerTables>()`, or runs a
 * prepared `statement(...)`.
 */
export type Db = Kysely<unknown>
