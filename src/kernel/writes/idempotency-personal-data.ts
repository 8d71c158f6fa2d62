import type { PersonalData } from '../personal-data.ts'
import { holdTables } from '../personal-data/hold-tables.ts'

/** Results kept for repeated calls. One that mentions a person goes: a call repeated after that is a new call. */
export const idempotencyPersonalData: PersonalData = holdTables({
  name: 'kernel.idempotency-keys',
  describe: 'Copies of results, kept for a week for calls that are repeated with the same key.',
  holds: [
    {
      table: 'kernel.idempotency_keys',
      key: { action: 'text', key: 'text' },
      own: {},
      json: ['result'],
      madeUpIds: ['key'],
      shows: ['action', 'created_at'],
      eraseOwn: 'delete',
      eraseMention: 'delete',
    },
  ],
})
