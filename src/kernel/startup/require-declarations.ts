import { requireDeclaredOnce } from './declared-once.ts'
import { requireSubscriptions } from '../jobs/subscriptions.ts'
import type { DeclaredName } from './declared-once.ts'
import type { Declarations, Module } from '../module.ts'

/**
 * Throws when modules declare the same event, job or command twice, or a job subscribes to an event that no module
 * declares. Settings and metrics are checked where they are combined.
 */
export function requireDeclarations(modules: readonly Module[]): void {
  requireDeclaredOnce([
    ...modules.flatMap(({ name: module, events = {} }) =>
      Object.values(events).map(({ name }) => ({ kind: 'event', name, module })),
    ),
    ...modules.flatMap(({ name: module, jobs = [] }) => jobs.map(({ name }) => ({ kind: 'job', name, module }))),
    ...commandNames(modules),
  ])
  requireSubscriptions(modules)
}

/** The top-level command names of modules. */
export function commandNames(declared: readonly Declarations[]): readonly DeclaredName[] {
  return declared.flatMap(({ name: module, commands = [] }) =>
    commands.map(({ name }) => ({ kind: 'command', name, module })),
  )
}
