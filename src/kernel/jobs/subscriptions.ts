import type { Module } from '../module.ts'
import type { DeclaredEvent } from './event.ts'

/** Every event that modules publish. */
export function eventsOf(modules: readonly Pick<Module, 'events'>[]): readonly DeclaredEvent[] {
  return modules.flatMap(({ events }) => Object.values(events ?? {}))
}

/** Throws when a job subscribes to an event that no module brings, naming every such job. */
export function requireSubscriptions(modules: readonly Pick<Module, 'events' | 'jobs'>[]): void {
  const known = new Set(eventsOf(modules))
  const unknown = modules
    .flatMap(({ jobs = [] }) => jobs)
    .flatMap(({ name, on }) => (on === undefined || known.has(on) ? [] : [`job ${name}: no module brings ${on.name}`]))
  if (unknown.length > 0) throw new Error(`Subscriptions that nothing reaches:\n- ${unknown.join('\n- ')}`)
}
