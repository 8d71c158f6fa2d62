import { tool } from '#kernel/calls/tool'
import { updateOrUndo } from '../update-tasks.ts'

export const updateTaskTool = tool(updateOrUndo, {
  name: 'update_task',
  title: 'Update task',
  describe: 'Change the given fields of a task, or undo the last change within 24 h. To complete: mark_complete.',
  examples: [{ task_id: 1, due: '2026-12-01', priority: 'high' }, { task_ids: [1, 2], tags: ['home'] }, { undo: true }],
})
