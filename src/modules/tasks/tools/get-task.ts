import { tool } from '#kernel/calls/tool'
import { getTask } from '../get-task.ts'

export const getTaskTool = tool(getTask, {
  name: 'get_task',
  title: 'Get task',
  describe: 'One task with its sub-tasks, by id. By text: list_tasks search.',
  examples: [{ task_id: 1 }],
})
