import type { Declarations } from '#kernel/module'
import type { Audit } from './api.ts'
import { auditCommands } from './commands.ts'
import { auditMetrics } from './metrics.ts'
import { AuditSettings } from './settings.ts'

export const auditDeclarations = {
  name: 'audit',
  settings: { audit: AuditSettings },
  metrics: auditMetrics,
  commands: [auditCommands],
} satisfies Declarations<Audit>
