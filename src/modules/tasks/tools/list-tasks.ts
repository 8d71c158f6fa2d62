import { tool } from '#kernel/calls/tool'
import { listTasks } from '../list-tasks.ts'

/** The size limit of a page, which leaves room for the rest of the result. */
const PAGE_CHARACTERS_MAX = 40_000

export const listTasksTool = tool(listTasks(PAGE_CHARACTERS_MAX), {
  name: 'list_tasks',
  title: 'List tasks',
  describe:
    "List the person's own tasks, soonest due first, with counts of all that match and the current time. One with its sub-tasks: get_task.",
  examples: [{}, { filter: 'incomplete', overdue: true, sort_by: 'priority' }],
})
