import { tool } from '#kernel/calls/tool'
import { MarkCompleteInput } from '../input.ts'
import { MarkCompleteOutput } from '../output.ts'
import { markComplete } from '../task-verbs.ts'

export const markCompleteTool = tool({
  name: 'mark_complete',
  title: 'Mark complete',
  describe:
    'Complete tasks with their sub-tasks, or reopen with completed false; twice does no harm. A recurring task leaves its next occurrence (next_task_id).',
  effect: 'update',
  scope: 'tasks:write',
  personal: true,
  input: MarkCompleteInput,
  output: MarkCompleteOutput,
  run: markComplete,
})
