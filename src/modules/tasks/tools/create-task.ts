import { tool } from '#kernel/calls/tool'
import { createTasks } from '../create-tasks.ts'

export const createTaskTool = tool(createTasks, {
  name: 'create_task',
  title: 'Create task',
  describe: 'Add a task, or several in tasks; each succeeds or fails on its own. Titles may repeat.',
  examples: [
    { title: 'Call Ada', due: '2026-12-01T09:00', tags: ['calls'] },
    { tasks: [{ title: 'Pack' }, { title: 'Move' }] },
  ],
})
