import type { z } from 'zod'
import type { DomainEvent } from '../writes/outbox.ts'

/** An outbox event that a module publishes. Its payload holds ids, not copies of rows. */
export interface DeclaredEvent {
  /** The publishing module and what happened: `customers.registered`. */
  readonly name: string
  readonly payload: z.ZodObject
}

/** An event declaration. Called with a payload it makes the event to publish; a job subscribes to it with `on`. */
export interface EventDefinition<P extends z.ZodObject = z.ZodObject> extends DeclaredEvent {
  (payload: z.input<P>): DomainEvent
  readonly payload: P
}

/** Declares an event: `const registered = event('customers.registered', z.strictObject({ client_id: z.string() }))`. */
export function event<P extends z.ZodObject>(name: string, payload: P): EventDefinition<P> {
  const make = (values: z.input<P>): DomainEvent => ({ name, payload: values })
  return Object.assign(Object.defineProperty(make, 'name', { value: name }), { payload })
}
