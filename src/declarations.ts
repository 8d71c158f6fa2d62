import { PLATFORM_SETTINGS } from '#kernel/config/config'
import type { Declarations } from '#kernel/module'
import { accessDeclarations } from './modules/access/index.ts'
import { auditDeclarations } from './modules/audit/index.ts'
import { customersDeclarations } from './modules/customers/index.ts'
import { privacyDeclarations } from './modules/privacy/index.ts'
import { tasksDeclarations } from './modules/tasks/index.ts'

export const platformDeclarations = { name: 'kernel', settings: PLATFORM_SETTINGS } satisfies Declarations

/** What the platform and every module declare: the settings and the command line are made of it. */
export const declarations = [
  platformDeclarations,
  accessDeclarations,
  auditDeclarations,
  customersDeclarations,
  privacyDeclarations,
  tasksDeclarations,
] as const
