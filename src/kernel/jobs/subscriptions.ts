import type { Module } from '../module.ts'
import type { DeclaredEvent } from './event.ts'

/** Every event that the modules declare. */
export function eventsOf(modules: readonly Pick<Module, 'events'>[]): readonly DeclaredEvent[] {
  return modules.flatMap(({ events }) => Object.values(events ?? {}))
}

/** Throws when jobs subscribe to events that no module declares, naming every such job. */
export function requireSubscriptions(modules: readonly Pick<Module, 'events' | 'jobs'>[]): void {
  const known = new Set(eventsOf(modules))
  const unknown = modules
    .flatMap(({ jobs = [] }) => jobs)
    .flatMap(({ name, on }) =>
      on === undefined || known.has(on) ? [] : [`job ${name}: no module declares the event ${on.name}`],
    )
  if (unknown.length > 0)
    throw new Error(`Jobs subscribe to events that are never published:\n- ${unknown.join('\n- ')}`)
}
