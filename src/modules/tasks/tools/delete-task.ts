import type { ConfirmTokens } from '#kernel/calls/confirm-tokens'
import { tool } from '#kernel/calls/tool'
import { deleteConfirmed } from '../delete-tasks.ts'

export const deleteTaskTool = (tokens: ConfirmTokens) =>
  tool(deleteConfirmed(tokens), {
    name: 'delete_task',
    title: 'Delete task',
    describe:
      'Delete tasks with their sub-tasks, and the series of a recurring one. Several: returns a preview; ask the person, then repeat with its confirm_token. update_task undo restores them for 24 h.',
    examples: [{ task_id: 3 }, { task_ids: [1, 2] }],
  })
