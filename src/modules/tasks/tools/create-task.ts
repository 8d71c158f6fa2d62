import { tool } from '#kernel/calls/tool'
import { CreateTaskInput } from '../input.ts'
import { CreateTaskOutput } from '../output.ts'
import { createTask } from '../task-verbs.ts'

export const createTaskTool = tool({
  name: 'create_task',
  title: 'Create task',
  describe: 'Add a task, or several in tasks, each added or refused for itself. Same titles are fine.',
  effect: 'create',
  scope: 'tasks:write',
  personal: true,
  input: CreateTaskInput,
  output: CreateTaskOutput,
  run: createTask,
})
