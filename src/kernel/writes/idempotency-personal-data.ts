import type { PersonalData } from '../personal-data.ts'
import { holdTables } from '../personal-data/hold-tables.ts'

/**
 * The holder of results stored for repeated calls. One that mentions the person is deleted; a repeated call is then a
 * new call.
 */
export const idempotencyPersonalData: PersonalData = holdTables({
  name: 'kernel.idempotency-keys',
  describe: 'Copies of results, kept for a week for calls that are repeated with the same key.',
  holds: [
    {
      table: 'kernel.idempotency_keys',
      key: { action: 'text', key: 'text' },
      own: {},
      json: ['result'],
      externalIds: ['key'],
      shows: ['action', 'created_at'],
      eraseOwn: 'delete',
      eraseMention: 'delete',
    },
  ],
})
