import type { Declarations } from '#kernel/module'

export const tasksDeclarations = { name: 'tasks' } satisfies Declarations
