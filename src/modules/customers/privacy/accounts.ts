import { holdTables } from '#kernel/personal-data/hold-tables'
import { customerTags } from '../record/cache-tags.ts'
import { expireCommunications } from './store.ts'

/** Accounts are companies: erasure removes the person's data and keeps the account. */
export const accountsPersonalData = holdTables({
  name: 'customers.accounts',
  describe: 'Accounts and their contracts, payments, stages, segments and milestones, where they name people.',
  cacheTags: [customerTags.all],
  identifies: true,
  keeps: {
    what: 'the account, without the person as its contact',
    why: 'It records a company, its contracts and its debts.',
  },
  holds: [
    {
      table: 'customers.customers',
      key: { client_id: 'text' },
      own: { emails: ['primary_contact_email'], names: ['primary_contact_name'] },
      text: ['client_name', 'company_name', 'industry', 'csm_assigned'],
      json: ['attributes'],
      externalIds: ['external_id'],
      shows: ['client_id', 'client_name', 'primary_contact_email', 'primary_contact_name'],
      eraseOwn: () => ({ primary_contact_email: null, primary_contact_name: null }),
    },
    {
      table: 'customers.contracts',
      key: { contract_id: 'text' },
      own: {},
      text: ['payment_terms', 'discount_reason', 'signed_by', 'owner_csm', 'contract_url'],
      json: ['products_included', 'addons', 'attributes'],
      externalIds: ['external_id'],
      eraseOwn: 'delete',
    },
    {
      table: 'customers.payments',
      key: { payment_id: 'text' },
      own: {},
      json: ['attributes'],
      externalIds: ['external_id'],
      eraseOwn: 'delete',
    },
    {
      table: 'customers.lifecycle_history',
      key: { client_id: 'text', changed_at: 'timestamptz', change_id: 'text' },
      own: {},
      text: ['reason', 'actor_id'],
      eraseOwn: 'delete',
    },
    {
      table: 'customers.segments',
      key: { segment_id: 'text' },
      own: {},
      json: ['criteria', 'characteristics', 'engagement_strategy', 'success_metrics'],
      externalIds: ['segment_name'],
      eraseOwn: 'delete',
    },
    {
      table: 'customers.milestones',
      key: { client_id: 'text', framework: 'text', milestone_id: 'text' },
      own: {},
      text: ['milestone_name'],
      json: ['evidence'],
      eraseOwn: 'delete',
    },
  ],
})

/** Timeline entries that name people. */
export const timelinePersonalData = holdTables({
  name: 'customers.timeline',
  describe: 'Timeline entries of customers, such as calls, mails and meetings, where they name people.',
  cacheTags: [customerTags.all],
  holds: [
    {
      table: 'customers.timeline_events',
      key: { client_id: 'text', occurred_at: 'timestamptz', event_id: 'text' },
      own: {},
      text: ['category', 'title', 'description'],
      json: ['metadata'],
      externalIds: ['event_id', 'external_id'],
      eraseOwn: 'delete',
    },
  ],
  retention: { category: 'communications', defaultDays: 1825, expire: expireCommunications },
})
