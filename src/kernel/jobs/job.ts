import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { Db } from '../database/db.ts'
import type { Scope } from '../principal.ts'

/**
 * Work done later, by a worker, once per tenant: on a schedule (`cron`, UTC), or whenever an outbox event of the name
 * `on` was committed, or both. `run` must bear being run twice for the same payload.
 */
export interface Job<P extends z.ZodType = z.ZodType> {
  /** `customers.recompute-health`. */
  readonly name: string
  readonly describe: string
  readonly cron?: string
  /** Whom the schedule queues. Absent: every tenant, at every tick; the job says why. */
  readonly due?: Due
  readonly on?: string
  readonly payload: P
  /** What it may do: its context holds these scopes and no others. */
  readonly scopes: readonly Scope[]
  readonly retries?: number
  readonly timeoutSeconds?: number
  readonly run: (ctx: Ctx, payload: unknown) => Promise<void>
}

/** Declares a job. The worker parses the payload with `payload` before it calls `run`. */
export function job<P extends z.ZodType>(
  shape: Omit<Job<P>, 'run'> & { readonly run: (ctx: Ctx, payload: z.output<P>) => Promise<void> },
): Job {
  // safe because: the worker parses the payload with this schema before it calls `run`.
  return shape as unknown as Job
}

/**
 * The tenants that have something to do, asked once a tick: one statement, whose cost must not grow with the tenants
 * that have nothing. `system` sees every tenant. `one-tenant`: the work is for all tenants together, and whichever
 * tenant comes first runs it.
 */
export type Due = 'one-tenant' | ((system: Db, now: Date) => Promise<readonly string[]>)
