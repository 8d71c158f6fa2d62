import type { z } from 'zod'
import type { Ctx } from '../context.ts'
import type { Db } from '../database/db.ts'
import type { Scope } from '../principal.ts'
import type { DeclaredEvent, EventDefinition } from './event.ts'

/**
 * Background work, run by a worker per tenant: on a schedule (`cron`, UTC), when the event `on` was committed, or both.
 * `run` must be idempotent: it may be called twice for the same payload.
 */
export interface Job<P extends z.ZodType = z.ZodType> {
  /** `customers.recompute-health`. */
  readonly name: string
  readonly describe: string
  readonly cron?: string
  /** The tenants that the schedule queues. Absent: every tenant at every tick. */
  readonly due?: Due
  readonly on?: DeclaredEvent
  readonly payload: P
  /** The scopes of its context. */
  readonly scopes: readonly Scope[]
  readonly retries?: number
  readonly timeoutSeconds?: number
  readonly run: (ctx: Ctx, payload: unknown) => Promise<void>
}

/**
 * Declares a job. A job that subscribes to an event gets the event's payload; if it also has a schedule, which queues
 * `{}`, every field is optional. The worker parses the payload before it calls `run`.
 */
export function job<P extends z.ZodObject>(shape: Subscribed<P> & Running<z.output<P>>): Job
export function job<P extends z.ZodObject>(shape: Both<P> & Running<Optional<z.output<P>>>): Job
export function job<P extends z.ZodType>(shape: Scheduled<P> & Running<z.output<P>>): Job
export function job<P extends z.ZodObject>(
  shape: (Subscribed<P> | Both<P> | Scheduled<z.ZodType>) & Running<never>,
): Job {
  // safe because: the worker parses the payload with this schema before it calls `run`.
  return { ...shape, payload: payloadOf(shape) } as unknown as Job
}

type Common = Omit<Job, 'run' | 'on' | 'payload' | 'cron' | 'due'>

interface Running<Payload> {
  readonly run: (ctx: Ctx, payload: Payload) => Promise<void>
}

interface Subscribed<P extends z.ZodObject> extends Common {
  readonly on: EventDefinition<P>
  readonly cron?: undefined
  readonly payload?: undefined
}

interface Both<P extends z.ZodObject> extends Common {
  readonly on: EventDefinition<P>
  readonly cron: string
  readonly due?: Due
  readonly payload?: undefined
}

interface Scheduled<P extends z.ZodType> extends Common {
  readonly on?: undefined
  readonly cron?: string
  readonly due?: Due
  readonly payload: P
}

type Optional<Payload> = { [Field in keyof Payload]?: Payload[Field] | undefined }

function payloadOf<P extends z.ZodObject>(shape: Subscribed<P> | Both<P> | Scheduled<z.ZodType>): z.ZodType {
  if (shape.on === undefined) return shape.payload
  return shape.cron === undefined ? shape.on.payload : shape.on.payload.partial()
}

/**
 * Finds the tenants that have work, once per tick, in one statement whose cost must not grow with the idle tenants.
 * `system` sees every tenant. `one-tenant`: the work covers all tenants together, and is queued for one of them.
 */
export type Due = 'one-tenant' | ((system: Db, now: Date) => Promise<readonly string[]>)
