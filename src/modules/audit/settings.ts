import { z } from 'zod'
import { setting, wholeNumber } from '#kernel/config/setting'

export const AuditSettings = z.object({
  retentionDays: setting('AUDIT_RETENTION_DAYS', wholeNumber(31, 36_500).default(2555), {
    describe:
      'Days after which audit events are deleted, whole blocks at a time; the headers stay, so that the chain still verifies. Default: seven years.',
    example: '2555',
  }),
  sealSeconds: setting('AUDIT_SEAL_SECONDS', wholeNumber(1, 3600).default(1), {
    describe: 'How often committed audit events are closed into a block of the chain.',
    example: '1',
  }),
})

export type AuditSettings = z.output<typeof AuditSettings>
