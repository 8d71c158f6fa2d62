import { requireDeclaredOnce } from './declared-once.ts'
import { requireSubscriptions } from './jobs/subscriptions.ts'
import type { Module } from './module.ts'

/**
 * Throws when modules declare the same event twice, naming both, or subscribe to one that none of them brings. Settings
 * and metrics are looked at where they are joined.
 */
export function requireDeclarations(modules: readonly Module[]): void {
  requireDeclaredOnce(
    modules.flatMap(({ name: module, events = {} }) =>
      Object.values(events).map(({ name }) => ({ kind: 'event', name, module })),
    ),
  )
  requireSubscriptions(modules)
}
