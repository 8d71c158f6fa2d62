import type { Declarations } from '#kernel/module'
import type { Access } from './api.ts'
import { keyCommands } from './commands/keys.ts'
import { peopleCommands } from './commands/people.ts'
import { serviceAccountCommands } from './commands/service-accounts.ts'
import { tenantCommands } from './commands/tenants.ts'
import { accessMetrics } from './metrics.ts'
import { accessSettings } from './settings.ts'

export { issuerRule } from './settings.ts'

export const accessDeclarations = {
  name: 'access',
  settings: accessSettings,
  metrics: accessMetrics,
  commands: [tenantCommands, peopleCommands, keyCommands, serviceAccountCommands],
} satisfies Declarations<Access>
