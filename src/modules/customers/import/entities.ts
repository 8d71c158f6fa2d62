import { EVENT_TYPES, IMPACTS, SEVERITIES } from '../record/timeline-contract.ts'
import { CLIENT_ID_PATTERN, STAGES, STATUSES, TIERS } from '../record/contract.ts'
import type { Value, ValueKind } from './read-value.ts'

/** A field of an entity: its column, its value kind and its constraints. */
export interface Field {
  readonly column: string
  readonly kind: ValueKind
  readonly required?: true
  readonly oneOf?: readonly string[]
  readonly min?: number
  readonly max?: number
  readonly lengthMax?: number
  readonly pattern?: RegExp
  /** The value stored for an empty cell, if the column is not nullable. */
  readonly empty?: Value
}

/** An importable entity: a table of this module and the field that is its natural key. */
export interface Entity {
  readonly table: string
  /** The natural key. A row whose key is stored already is a duplicate. */
  readonly key: string
  /** Whether rows have an `external_id`. Those of `usage_event` have none; their message id is the natural key. */
  readonly hasExternalId: boolean
  /** Whether a later import may update a stored row; events are never updated. */
  readonly isUpdatable: boolean
  /** Fields that are set when a row is new and changed by the product alone from then on. */
  readonly setOnce?: readonly string[]
  /** Whether an update increments the row's `version`. */
  readonly isVersioned?: true
  readonly fields: Readonly<Record<string, Field>>
}

const text = (column: string, lengthMax: number): Field => ({ column, kind: 'text', lengthMax })
const date = (column: string): Field => ({ column, kind: 'date' })
const time = (column: string): Field => ({ column, kind: 'timestamp' })
const flag = (column: string): Field => ({ column, kind: 'boolean', empty: false })
const json = (column: string): Field => ({ column, kind: 'json', empty: '{}' })
const money = (column: string): Field => ({ column, kind: 'money', min: 0 })
const count = (column: string, max = 2_147_483_647): Field => ({ column, kind: 'integer', min: 0, max })
const choice = (column: string, ...oneOf: string[]): Field => ({ column, kind: 'text', oneOf })
const or = (empty: Value, field: Field): Field => ({ ...field, empty })
const needed = (field: Field): Field => ({ ...field, required: true })
const id = (column: string): Field => ({ column, kind: 'text', required: true, lengthMax: 200 })

const CLIENT_ID: Field = { column: 'client_id', kind: 'text', required: true, pattern: CLIENT_ID_PATTERN }
const CURRENCY: Field = { column: 'currency', kind: 'text', pattern: /^[A-Z]{3}$/, empty: 'USD' }

const TICKET_CATEGORIES = [
  ...['technical_issue', 'bug_report', 'feature_request', 'how_to_question', 'account_billing'],
  ...['integration_support', 'training_request', 'data_issue', 'performance', 'other'],
]
const TICKET_STATES = [
  ...['open', 'in_progress', 'waiting_on_customer', 'waiting_on_engineering', 'resolved', 'closed', 'reopened'],
]

const customer: Entity = {
  table: 'customers.customers',
  key: 'client_id',
  hasExternalId: true,
  isUpdatable: true,
  setOnce: ['lifecycle_stage'],
  isVersioned: true,
  fields: {
    client_id: CLIENT_ID,
    client_name: needed(text('client_name', 200)),
    company_name: needed(text('company_name', 200)),
    industry: or('Technology', text('industry', 100)),
    tier: or('standard', choice('tier', ...TIERS)),
    lifecycle_stage: or('onboarding', choice('lifecycle_stage', ...STAGES)),
    status: or('active', choice('status', ...STATUSES)),
    contract_value: or(0, money('contract_value_cents')),
    currency: CURRENCY,
    contract_start_date: needed(date('contract_start_date')),
    contract_end_date: date('contract_end_date'),
    renewal_date: date('renewal_date'),
    seats: count('seats'),
    primary_contact_email: text('primary_contact_email', 255),
    primary_contact_name: text('primary_contact_name', 200),
    csm_assigned: text('csm_assigned', 200),
    last_engagement_at: time('last_engagement_at'),
    churned_on: date('churned_on'),
    attributes: json('attributes'),
  },
}

const contact: Entity = {
  table: 'customers.contacts',
  key: 'contact_id',
  hasExternalId: true,
  isUpdatable: true,
  fields: {
    contact_id: id('contact_id'),
    client_id: CLIENT_ID,
    email: text('email', 255),
    name: text('name', 200),
    title: text('title', 200),
    is_primary: flag('is_primary'),
    is_champion: flag('is_champion'),
    user_id: text('user_id', 200),
    last_contacted_at: time('last_contacted_at'),
    attributes: json('attributes'),
  },
}

const contract: Entity = {
  table: 'customers.contracts',
  key: 'contract_id',
  hasExternalId: true,
  isUpdatable: true,
  fields: {
    contract_id: id('contract_id'),
    client_id: CLIENT_ID,
    contract_type: or('annual', choice('contract_type', 'monthly', 'quarterly', 'annual', 'multi_year')),
    billing_frequency: choice('billing_frequency', 'monthly', 'quarterly', 'annual'),
    contract_value: needed(money('contract_value_cents')),
    currency: CURRENCY,
    start_date: needed(date('start_date')),
    end_date: date('end_date'),
    renewal_date: date('renewal_date'),
    auto_renew: flag('auto_renew'),
    payment_status: choice('payment_status', 'current', 'overdue', 'payment_plan', 'at_risk'),
    included_users: count('included_users'),
    discount_share: { column: 'discount_share', kind: 'decimal', min: 0, max: 1 },
    tier: choice('tier', 'starter', 'standard', 'professional', 'enterprise'),
    is_trial: flag('is_trial'),
    attributes: json('attributes'),
  },
}

const payment: Entity = {
  table: 'customers.payments',
  key: 'payment_id',
  hasExternalId: true,
  isUpdatable: true,
  fields: {
    payment_id: id('payment_id'),
    client_id: CLIENT_ID,
    contract_id: text('contract_id', 200),
    amount: needed({ column: 'amount_cents', kind: 'money' }),
    currency: CURRENCY,
    due_on: needed(date('due_on')),
    paid_on: date('paid_on'),
    status: or('pending', choice('status', 'pending', 'paid', 'failed', 'refunded', 'void')),
    attributes: json('attributes'),
  },
}

const ticket: Entity = {
  table: 'customers.tickets',
  key: 'ticket_id',
  hasExternalId: true,
  isUpdatable: true,
  fields: {
    ticket_id: id('ticket_id'),
    client_id: CLIENT_ID,
    subject: text('subject', 500),
    description: text('description', 100_000),
    priority: or('P3', choice('priority', 'P0', 'P1', 'P2', 'P3', 'P4')),
    category: or('other', choice('category', ...TICKET_CATEGORIES)),
    status: or('open', choice('status', ...TICKET_STATES)),
    requester_email: text('requester_email', 255),
    requester_name: text('requester_name', 200),
    opened_at: needed(time('opened_at')),
    first_response_at: time('first_response_at'),
    resolved_at: time('resolved_at'),
    closed_at: time('closed_at'),
    satisfaction_rating: { column: 'satisfaction_rating', kind: 'integer', min: 1, max: 5 },
    escalated: flag('escalated'),
    attributes: json('attributes'),
  },
}

const surveyAnswer: Entity = {
  table: 'customers.survey_answers',
  key: 'answer_id',
  hasExternalId: true,
  isUpdatable: false,
  fields: {
    answer_id: id('answer_id'),
    client_id: CLIENT_ID,
    kind: needed(choice('kind', 'nps', 'csat', 'ces')),
    score: needed({ column: 'score', kind: 'integer', min: 0, max: 10 }),
    survey_id: text('survey_id', 200),
    ticket_id: text('ticket_id', 200),
    respondent_email: text('respondent_email', 255),
    respondent_name: text('respondent_name', 200),
    comment: text('comment', 100_000),
    responded_at: needed(time('responded_at')),
  },
}

const usageEvent: Entity = {
  table: 'customers.usage_events',
  key: 'message_id',
  hasExternalId: false,
  isUpdatable: false,
  fields: {
    message_id: id('message_id'),
    client_id: CLIENT_ID,
    occurred_at: needed(time('occurred_at')),
    event_name: needed(text('event_name', 200)),
    user_id: text('user_id', 200),
    feature: text('feature', 200),
    session_id: text('session_id', 200),
    duration_seconds: { column: 'duration_seconds', kind: 'duration', min: 0, max: 86_400 * 366 },
    is_error: flag('is_error'),
    quantity: or(1, count('quantity')),
    properties: { column: 'properties', kind: 'json' },
  },
}

const timelineEvent: Entity = {
  table: 'customers.timeline_events',
  key: 'event_id',
  hasExternalId: true,
  isUpdatable: false,
  fields: {
    event_id: id('event_id'),
    client_id: CLIENT_ID,
    occurred_at: needed(time('occurred_at')),
    event_type: needed(choice('event_type', ...EVENT_TYPES)),
    category: needed(text('category', 100)),
    title: needed(text('title', 500)),
    description: or('', text('description', 100_000)),
    metadata: json('metadata'),
    impact: or('neutral', choice('impact', ...IMPACTS)),
    severity: or('info', choice('severity', ...SEVERITIES)),
  },
}

/** The importable entities. Columns that a mapping leaves out get the table's defaults. */
export const entities = {
  customer,
  contact,
  contract,
  payment,
  ticket,
  survey_answer: surveyAnswer,
  usage_event: usageEvent,
  timeline_event: timelineEvent,
} as const satisfies Record<string, Entity>

export type EntityName = keyof typeof entities

export const ENTITY_NAMES = [
  'customer',
  'contact',
  'contract',
  'payment',
  'ticket',
  'survey_answer',
  'usage_event',
  'timeline_event',
] as const satisfies readonly EntityName[]
