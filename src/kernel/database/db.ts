import type { Kysely } from 'kysely'

/** A database handle bound to one tenant. What is read through it may be answered by a replica. */
export type Db = Kysely<unknown>

declare const OPEN: unique symbol

/** The handle of an open transaction, the only one that `writing` statements take. `transact` and `change` hand it out. */
export type Tx = Db & { readonly [OPEN]: true }
