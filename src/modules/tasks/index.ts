import type { Module } from '#kernel/module'

/** The to-do list of each person. */
export type Tasks = Readonly<Record<string, never>>

export function tasksModule(): Module<Tasks> {
  return {
    name: 'tasks',
    api: {},
    scopes: [
      { scope: 'tasks:read', describe: 'read your own tasks', least: 'read-only' },
      { scope: 'tasks:write', describe: 'add, change and delete your own tasks', least: 'read-only' },
    ],
  }
}
