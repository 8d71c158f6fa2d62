import type { ConfirmTokens } from '#kernel/calls/confirm-tokens'
import type { Module } from '#kernel/module'
import { tasksDeclarations } from './declarations.ts'
import { expireUndoJob } from './expire-undo.ts'
import { personalTasks } from './personal-data.ts'
import { taskRoutes } from './routes.ts'
import { tasksToolset } from './toolset.ts'

/** The API of the tasks module for other modules; it is empty. */
export type Tasks = Readonly<Record<string, never>>

/** The to-do list: six tools and REST routes. Every call works on the caller's own tasks only. */
export function tasksModule({ confirmTokens }: { readonly confirmTokens: ConfirmTokens }): Module<Tasks> {
  return {
    ...tasksDeclarations,
    api: {},
    scopes: [
      { scope: 'tasks:read', describe: 'read your own tasks', least: 'read-only' },
      { scope: 'tasks:write', describe: 'add, change and delete your own tasks', least: 'read-only' },
    ],
    server: {
      name: 'tasks',
      title: 'Tasks',
      instructions: INSTRUCTIONS,
      toolsets: { tasks: tasksToolset(confirmTokens) },
      mostUsed: ['list_tasks', 'create_task', 'get_task', 'update_task', 'mark_complete', 'delete_task'],
    },
    routes: taskRoutes(),
    jobs: [expireUndoJob],
    personalData: [personalTasks],
  }
}

const INSTRUCTIONS = `The to-do list of the person who is signed in. Other people's tasks cannot be seen or changed.

Task ids are small numbers, counted for each person. When the person names a task in words, find it with list_tasks search; if several match, show them and ask. Deleting several needs confirmation: when delete_task returns a preview and a confirm_token, ask the person, then call again with the token. Any change, also a deletion or completion, can be undone for 24 hours: update_task with undo true undoes the last one; undo again redoes it.

Every result has current_time, weekday and time_zone; each task its due date, absolute (due) and in words (due_relative), as of current_time. Answer questions about time from them. Give time_zone once when you know it; it is kept with the next write. due is a day, or a day and a time of that zone.

Recurring tasks have an RRULE (RFC 5545; FREQ DAILY to YEARLY, an end by COUNT or UNTIL). mark_complete creates the next occurrence that is not past; missed ones are skipped and counted. A new due moves one occurrence; the rule stays. Completing or deleting a task does the same to its sub-tasks.

With several writers: expected_version prevents overwriting a change that you have not read; without it the last writer of each field wins. A call repeated with its idempotency_key changes nothing.`
