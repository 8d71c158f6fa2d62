import { tool } from '#kernel/calls/tool'
import { deleteTasks } from '../delete-tasks.ts'

export const deleteTaskTool = tool(deleteTasks, {
  name: 'delete_task',
  title: 'Delete task',
  describe:
    'Delete tasks with their sub-tasks, and the series of a recurring one. Ask the person before several. update_task undo brings them back for 24 h.',
  examples: [{ task_id: 1 }, { task_ids: [1, 2] }],
})
