import type { ConfirmTokens } from '#kernel/calls/confirm-tokens'
import type { Tool } from '#kernel/calls/tool'
import { createTaskTool } from './tools/create-task.ts'
import { deleteTaskTool } from './tools/delete-task.ts'
import { getTaskTool } from './tools/get-task.ts'
import { listTasksTool } from './tools/list-tasks.ts'
import { markCompleteTool } from './tools/mark-complete.ts'
import { updateTaskTool } from './tools/update-task.ts'

/** The tools for tasks, in listing order. */
export function tasksToolset(tokens: ConfirmTokens): readonly Tool[] {
  return [listTasksTool, createTaskTool, updateTaskTool, deleteTaskTool(tokens), getTaskTool, markCompleteTool]
}
