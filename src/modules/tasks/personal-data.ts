import { holdTables } from '#kernel/personal-data/hold-tables'
import { expireTasks } from './store/retention.ts'

/**
 * The personal data of tasks. Erasure deletes a person's own list and removes mentions of them from other people's
 * tasks.
 */
export const personalTasks = holdTables({
  name: 'tasks.tasks',
  describe: 'To-do lists: tasks, their state before the last change, and the person’s time zone.',
  holds: [
    {
      table: 'tasks.tasks',
      key: { user_id: 'text', task_id: 'bigint' },
      own: { ids: { user_id: 'user' } },
      text: ['title', 'description'],
      json: ['tags'],
      eraseOwn: 'delete',
    },
    {
      table: 'tasks.undo',
      key: { user_id: 'text', task_id: 'bigint' },
      own: { ids: { user_id: 'user' } },
      json: ['before'],
      eraseOwn: 'delete',
    },
    { table: 'tasks.people', key: { user_id: 'text' }, own: { ids: { user_id: 'user' } }, eraseOwn: 'delete' },
  ],
  retention: { category: 'completed_tasks', defaultDays: 365, expire: expireTasks },
})
