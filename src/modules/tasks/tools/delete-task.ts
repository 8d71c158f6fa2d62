import { tool } from '#kernel/calls/tool'
import { DeleteTaskInput } from '../input.ts'
import { DeleteTaskOutput } from '../output.ts'
import { deleteTask } from '../task-verbs.ts'

export const deleteTaskTool = tool({
  name: 'delete_task',
  title: 'Delete task',
  describe:
    'Delete tasks with their sub-tasks, and the series of a recurring one. Ask the person before several. update_task undo brings them back for 24 h.',
  effect: 'destroy',
  scope: 'tasks:write',
  personal: true,
  input: DeleteTaskInput,
  output: DeleteTaskOutput,
  run: deleteTask,
})
