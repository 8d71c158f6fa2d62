import type { z } from 'zod'
import type { DomainEvent } from '../writes/outbox.ts'

/** An event that a module publishes: its name, and the schema of its payload, which holds ids and no copies of rows. */
export interface DeclaredEvent {
  /** `customers.registered`: the module that publishes it, and what happened. */
  readonly name: string
  readonly payload: z.ZodObject
}

/** Called with a payload, it makes the event that `change` publishes. A job subscribes with `on`. */
export interface EventDefinition<P extends z.ZodObject = z.ZodObject> extends DeclaredEvent {
  (payload: z.input<P>): DomainEvent
  readonly payload: P
}

/** Declares an event: `const registered = event('customers.registered', z.strictObject({ client_id: z.string() }))`. */
export function event<P extends z.ZodObject>(name: string, payload: P): EventDefinition<P> {
  const make = (values: z.input<P>): DomainEvent => ({ name, payload: values })
  return Object.assign(Object.defineProperty(make, 'name', { value: name }), { payload })
}
