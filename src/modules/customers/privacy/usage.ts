import { holdTables } from '#kernel/personal-data/hold-tables'
import { customerTags } from '../record/cache-tags.ts'
import { expireEventReceipts, expireUsageEvents } from './store.ts'

/** The only property of an event that the roll-up reads; all others may contain personal data. */
const COUNTED = /"error_count":\s*(\d+)/

/**
 * Usage events. Erasure replaces the user id by a pseudonym, so that counts of events, people and sessions stay the
 * same, and deletes the properties. Events without a known customer are deleted; nothing counts them. An event or
 * feature name that contains the person's name is replaced as a whole, in events and rollups alike.
 */
export const usagePersonalData = holdTables({
  name: 'customers.usage',
  describe: 'Usage events, one row per event, and the daily rollups computed from them.',
  cacheTags: [customerTags.all],
  keeps: {
    what: 'events and daily rollups under an irreversible pseudonym, without properties',
    why: 'The customer’s usage is counted from them.',
  },
  holds: [
    {
      table: 'customers.usage_events',
      key: { client_id: 'text', occurred_at: 'timestamptz', message_id: 'text' },
      own: { emails: ['user_id'], ids: { user_id: 'event-user' } },
      json: ['properties'],
      externalIds: ['message_id', 'session_id', 'event_name', 'feature'],
      eraseOwn: ({ user_id: user = null, session_id: session = null, properties }, pseudonym) => {
        const errors = COUNTED.exec(properties ?? '')?.[1]
        return {
          user_id: pseudonym(user),
          session_id: pseudonym(session),
          properties: errors === undefined ? null : `{"error_count": ${errors}}`,
        }
      },
    },
    {
      table: 'customers.unattributed_events',
      key: { message_id: 'text' },
      own: { emails: ['user_id'], ids: { user_id: 'event-user' } },
      json: ['properties'],
      externalIds: ['message_id', 'group_id', 'session_id', 'event_name', 'feature'],
      eraseOwn: 'delete',
    },
    {
      table: 'customers.usage_daily_users',
      key: { client_id: 'text', day: 'date', user_id: 'text' },
      own: { emails: ['user_id'], ids: { user_id: 'event-user' } },
      eraseOwn: ({ user_id: user = null }, pseudonym) => ({ user_id: pseudonym(user) }),
    },
    {
      table: 'customers.usage_daily_features',
      key: { client_id: 'text', day: 'date', feature: 'text' },
      own: {},
      externalIds: ['feature'],
      eraseOwn: 'delete',
    },
  ],
  retention: { category: 'usage_events', defaultDays: 730, expire: expireUsageEvents },
})

/** Message ids kept for deduplication; an id may contain an e-mail address. */
export const receiptsPersonalData = holdTables({
  name: 'customers.event-receipts',
  describe: 'Message ids of received events, which prevent storing an event twice.',
  holds: [
    {
      table: 'customers.event_receipts',
      key: { message_id: 'text' },
      own: {},
      externalIds: ['message_id'],
      eraseOwn: 'delete',
    },
  ],
  retention: { category: 'event_receipts', defaultDays: 90, expire: expireEventReceipts },
})
