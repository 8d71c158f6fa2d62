import { tool } from '#kernel/calls/tool'
import { UpdateTaskInput } from '../input.ts'
import { UpdateTaskOutput } from '../output.ts'
import { updateTask } from '../task-verbs.ts'

export const updateTaskTool = tool({
  name: 'update_task',
  title: 'Update task',
  describe: 'Change the given fields of a task, or undo the last change of the past 24 h. Done: mark_complete.',
  effect: 'update',
  scope: 'tasks:write',
  personal: true,
  input: UpdateTaskInput,
  output: UpdateTaskOutput,
  run: updateTask,
})
