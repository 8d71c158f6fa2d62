import { tool } from '#kernel/calls/tool'
import { ListTasksInput } from '../input.ts'
import { listTasks } from '../list-tasks.ts'
import { ListTasksOutput } from '../output.ts'

/** Leaves room for the rest of the result within what a call may return. */
const PAGE_CHARACTERS_MAX = 40_000

export const listTasksTool = tool({
  name: 'list_tasks',
  title: 'List tasks',
  describe:
    "List the person's own tasks, soonest due first, with counts of all that match and the current time. One with its sub-tasks: get_task.",
  effect: 'read',
  scope: 'tasks:read',
  personal: true,
  input: ListTasksInput,
  output: ListTasksOutput,
  run: (ctx, input) => listTasks(ctx, input, PAGE_CHARACTERS_MAX),
})
