import type { Config } from '../config/config.ts'

/** The maximum number of connections of one process, by purpose. */
export interface PoolSizes {
  /** Requests and jobs of tenants. */
  readonly app: number
  /** Sign-in, keys and other work that belongs to no single tenant. */
  readonly system: number
  /** Single system statements run while a transaction is open. */
  readonly statements: number
  /** The job queue, migrations and checks. A migration uses two. */
  readonly owner: number
  /** The signal connection. */
  readonly signals: number
}

const OTHERS = { system: 4, statements: 2, owner: 2, signals: 1 } as const

/** Ten processes with the default settings fit a server of 200 connections, three of which are for its superuser. */
export function poolSizes({
  poolSize,
  poolOverflow,
}: Pick<Config['database'], 'poolSize' | 'poolOverflow'>): PoolSizes {
  return { app: poolSize + poolOverflow, ...OTHERS }
}
