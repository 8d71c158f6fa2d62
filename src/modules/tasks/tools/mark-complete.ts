import { tool } from '#kernel/calls/tool'
import { completeTasks } from '../complete-tasks.ts'

export const markCompleteTool = tool(completeTasks, {
  name: 'mark_complete',
  title: 'Mark complete',
  describe:
    'Complete tasks with their sub-tasks, or reopen with completed false; idempotent. A recurring task gets its next occurrence (next_task_id).',
  examples: [{ task_id: 1 }, { task_ids: [1, 2], completed: false }],
})
