import type { Config } from '../config/config.ts'

/** The connections that one process opens at most, by what they serve. */
export interface PoolSizes {
  /** Requests and jobs of tenants. */
  readonly app: number
  /** Signing in, keys, and whatever else is of no single tenant. */
  readonly system: number
  /** Single statements of the system beside a transaction that is open. */
  readonly statements: number
  /** The job queue, migrations, checks. A migration takes two. */
  readonly owner: number
  /** Listens to other processes. */
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
