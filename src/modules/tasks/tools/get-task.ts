import { tool } from '#kernel/calls/tool'
import { getTask } from '../get-task.ts'
import { GetTaskInput } from '../input.ts'
import { GetTaskOutput } from '../output.ts'

export const getTaskTool = tool({
  name: 'get_task',
  title: 'Get task',
  describe: 'One task with its sub-tasks, by id. By words: list_tasks search.',
  effect: 'read',
  scope: 'tasks:read',
  personal: true,
  input: GetTaskInput,
  output: GetTaskOutput,
  run: getTask,
})
