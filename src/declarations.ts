import { PLATFORM_SETTINGS } from '#kernel/config/config'
import type { Declarations } from '#kernel/module'
import { accessDeclarations } from './modules/access/declarations.ts'
import { auditDeclarations } from './modules/audit/declarations.ts'
import { customersDeclarations } from './modules/customers/declarations.ts'
import { privacyDeclarations } from './modules/privacy/declarations.ts'
import { tasksDeclarations } from './modules/tasks/declarations.ts'

export const platformDeclarations = { name: 'kernel', settings: PLATFORM_SETTINGS } satisfies Declarations

/** The declarations of the platform and of every module, from which settings and command line are built. */
export const declarations = [
  platformDeclarations,
  accessDeclarations,
  auditDeclarations,
  customersDeclarations,
  privacyDeclarations,
  tasksDeclarations,
] as const
