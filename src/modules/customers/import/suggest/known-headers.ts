import type { EntityName } from '../entities.ts'

/** What CRMs, help desks and billing systems call an entity and its fields in the files that they export. */
export interface KnownHeaders {
  /** Parts of file names. */
  readonly files: readonly string[]
  /** Headers of each field, the best first; compared without case, spaces and punctuation. */
  readonly fields: Readonly<Record<string, readonly string[]>>
}

const ACCOUNT_ID = [
  ...['client_id', 'customer id', 'account id', 'company id', 'organization id', 'organisation id'],
  ...['associated company ids (primary)', 'associated company ids', 'associated company id', 'primary company id'],
]

/** Headers of a column that names a customer, rather than giving its id. */
export const ACCOUNT_NAME = [
  ...['account name', 'company name', 'customer name', 'client name', 'organization name', 'organisation name'],
  ...['associated company', 'associated company (primary)', 'primary company', 'company', 'account', 'customer'],
  ...['organization', 'organisation'],
]

/** Headers of a column with the address of a person at the customer. */
export const PERSON_EMAIL = ['requester email', 'contact email', 'email', 'email address', 'respondent email']

export const KNOWN_HEADERS: Readonly<Record<EntityName, KnownHeaders>> = {
  customer: {
    files: ['customer', 'account', 'compan', 'organization', 'organisation', 'client'],
    fields: {
      client_id: [...ACCOUNT_ID, 'record id', 'id'],
      client_name: [...ACCOUNT_NAME, 'name'],
      company_name: ['company_name', 'legal name', 'billing name', ...ACCOUNT_NAME, 'name'],
      industry: ['industry', 'sector', 'vertical'],
      tier: ['tier', 'plan', 'plan tier', 'segment', 'customer tier', 'account tier', 'subscription plan'],
      lifecycle_stage: ['lifecycle stage', 'stage'],
      status: ['status', 'account status', 'customer status', 'churn flag', 'churned'],
      contract_value: ['contract value', 'arr', 'annual recurring revenue', 'acv', 'annual contract value'],
      currency: ['currency', 'currency code', 'account currency', 'company currency'],
      contract_start_date: [
        ...['contract start date', 'start date', 'customer since', 'became a customer date', 'became customer date'],
        ...[
          'signup date',
          'subscription start date',
          'close date',
          'create date',
          'created date',
          'created at',
          'created',
        ],
      ],
      contract_end_date: ['contract end date', 'end date', 'subscription end date'],
      renewal_date: ['renewal date', 'next renewal date', 'contract renewal date'],
      seats: ['seats', 'licenses', 'licences', 'number of seats', 'user count'],
      primary_contact_email: ['primary contact email', 'billing email', 'contact email', 'email'],
      primary_contact_name: ['primary contact name', 'primary contact', 'contact name'],
      csm_assigned: ['csm', 'csm assigned', 'customer success manager', 'company owner', 'account owner', 'owner'],
      last_engagement_at: [
        'last engagement',
        'last engagement date',
        'last activity date',
        'last activity',
        'last contacted',
      ],
      churned_on: ['churned on', 'churn date', 'cancellation date', 'canceled at'],
    },
  },
  contact: {
    files: ['contact', 'people', 'person', 'user', 'end-user', 'requester'],
    fields: {
      contact_id: ['contact id', 'record id', 'user id', 'person id', 'id'],
      client_id: ACCOUNT_ID,
      email: ['email', 'email address', 'e-mail', 'work email'],
      name: ['name', 'full name', 'contact name', 'last name', 'first name'],
      title: ['title', 'job title', 'role', 'position'],
      is_primary: ['is primary', 'primary', 'primary contact'],
      is_champion: ['is champion', 'champion'],
      user_id: ['user id', 'external id'],
      last_contacted_at: ['last contacted', 'last contacted at', 'last activity', 'last activity date'],
    },
  },
  contract: {
    files: ['contract', 'deal', 'opportunit', 'subscription', 'order'],
    fields: {
      contract_id: [
        'contract id',
        'deal id',
        'opportunity id',
        'subscription id',
        'contract number',
        'record id',
        'id',
      ],
      client_id: ACCOUNT_ID,
      contract_type: ['contract type', 'term', 'contract term'],
      billing_frequency: ['billing frequency', 'billing period', 'interval', 'billing cycle'],
      contract_value: [
        ...['contract value', 'annual contract value', 'acv', 'arr', 'arr amount', 'amount', 'total contract value'],
        ...['deal value', 'value'],
      ],
      currency: ['currency', 'currency code', 'deal currency', 'opportunity currency'],
      start_date: [
        'start date',
        'contract start date',
        'subscription start date',
        'close date',
        'created date',
        'create date',
      ],
      end_date: ['end date', 'contract end date', 'subscription end date', 'expiration date', 'canceled at'],
      renewal_date: ['renewal date', 'next renewal date'],
      auto_renew: ['auto renew', 'auto renewal', 'auto renew flag'],
      payment_status: ['payment status'],
      included_users: ['seats', 'quantity', 'included users', 'licenses'],
      discount_share: ['discount', 'discount percent', 'discount %'],
      tier: ['tier', 'plan', 'plan tier', 'product'],
      is_trial: ['is trial', 'trial'],
    },
  },
  payment: {
    files: ['payment', 'invoice', 'charge', 'billing'],
    fields: {
      payment_id: ['payment id', 'invoice id', 'invoice number', 'charge id', 'number', 'id'],
      client_id: ACCOUNT_ID,
      contract_id: ['contract id', 'subscription id', 'subscription'],
      amount: ['amount', 'total', 'amount due', 'amount paid'],
      currency: ['currency', 'currency code'],
      due_on: ['due date', 'due on', 'invoice date', 'date', 'created (utc)', 'created'],
      paid_on: ['paid date', 'paid on', 'paid at', 'payment date', 'paid at (utc)'],
      status: ['status', 'payment status'],
    },
  },
  ticket: {
    files: ['ticket', 'case', 'support', 'issue', 'conversation'],
    fields: {
      ticket_id: ['ticket id', 'case number', 'case id', 'ticket number', 'id'],
      client_id: ACCOUNT_ID,
      subject: ['subject', 'title', 'ticket name', 'summary'],
      description: ['description', 'body'],
      priority: ['priority', 'severity'],
      category: ['category', 'ticket type', 'type', 'case reason'],
      status: ['status', 'ticket status', 'state'],
      requester_email: ['requester email', 'contact email', 'email', 'email address'],
      requester_name: ['requester', 'requester name', 'contact name'],
      opened_at: [
        'opened at',
        'created at',
        'create date',
        'date/time opened',
        'created date',
        'opened date',
        'created',
      ],
      first_response_at: ['first response at', 'first reply at', 'first response'],
      resolved_at: ['solved at', 'resolved at', 'date/time closed', 'close date', 'closed date'],
      closed_at: ['closed at', 'date/time closed', 'close date', 'closed date'],
      satisfaction_rating: ['satisfaction rating', 'csat', 'satisfaction score', 'rating'],
      escalated: ['escalated', 'is escalated', 'escalation flag'],
    },
  },
  survey_answer: {
    files: ['survey', 'nps', 'csat', 'ces', 'feedback', 'rating'],
    fields: {
      answer_id: ['answer id', 'response id', 'submission id', 'record id', 'id'],
      client_id: ACCOUNT_ID,
      kind: ['kind', 'survey type', 'type', 'metric'],
      score: ['score', 'rating', 'nps score', 'csat score', 'answer'],
      survey_id: ['survey id', 'survey', 'survey name'],
      ticket_id: ['ticket id', 'case number'],
      respondent_email: ['respondent email', 'contact email', 'email', 'email address'],
      respondent_name: ['respondent name', 'respondent', 'contact name', 'name'],
      comment: ['comment', 'comments', 'feedback', 'verbatim'],
      responded_at: ['responded at', 'response date', 'submitted at', 'submission date', 'date', 'created at'],
    },
  },
  timeline_event: {
    files: ['timeline', 'meeting', 'call', 'note', 'engagement', 'activit', 'churn'],
    fields: {
      event_id: ['event id', 'activity id', 'engagement id', 'meeting id', 'call id', 'record id', 'id'],
      client_id: ACCOUNT_ID,
      occurred_at: ['occurred at', 'activity date', 'date', 'start time', 'start', 'created at', 'due date'],
      event_type: ['event type'],
      category: ['category', 'activity type', 'type', 'task subtype'],
      title: ['title', 'subject', 'meeting name', 'call title'],
      description: ['description', 'body', 'notes', 'comments', 'full comments'],
      impact: ['impact'],
      severity: ['severity'],
    },
  },
  usage_event: {
    files: ['usage', 'event', 'login', 'session', 'track'],
    fields: {
      message_id: ['message id', 'event id', 'usage id', 'insert id', 'id'],
      client_id: [...ACCOUNT_ID, 'group id'],
      occurred_at: ['occurred at', 'timestamp', 'event time', 'time', 'date', 'usage date', 'created at'],
      event_name: ['event name', 'event', 'event type', 'action'],
      user_id: ['user id', 'distinct id', 'user'],
      feature: ['feature', 'feature name', 'module'],
      session_id: ['session id', 'session'],
      duration_seconds: ['duration seconds', 'duration', 'usage duration secs', 'session length'],
      is_error: ['is error', 'error'],
      quantity: ['quantity', 'count', 'usage count'],
    },
  },
}

/** What the values of a choice are called elsewhere, in lower case. Several fields of the same name share one list. */
export const KNOWN_VALUES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  tier: {
    ...{ free: 'starter', basic: 'starter', small: 'starter', team: 'standard', business: 'professional' },
    ...{ pro: 'professional', plus: 'professional', premium: 'enterprise' },
  },
  lifecycle_stage: {
    ...{ subscriber: 'prospect', lead: 'prospect', 'marketing qualified lead': 'prospect' },
    ...{ 'sales qualified lead': 'prospect', opportunity: 'prospect', customer: 'active', evangelist: 'engaged' },
    ...{ 'former customer': 'churned', true: 'churned', false: 'active' },
  },
  status: {
    ...{ customer: 'active', live: 'active', false: 'active', no: 'active', paused: 'suspended' },
    ...{ 'former customer': 'churned', cancelled: 'churned', canceled: 'churned', lost: 'churned' },
    ...{ true: 'churned', yes: 'churned' },
  },
  'ticket.status': {
    ...{ new: 'open', pending: 'waiting_on_customer', 'waiting on contact': 'waiting_on_customer' },
    ...{ hold: 'waiting_on_engineering', 'on-hold': 'waiting_on_engineering', 'waiting on us': 'open' },
    ...{ working: 'in_progress', escalated: 'in_progress', solved: 'resolved' },
  },
  'payment.status': {
    ...{ succeeded: 'paid', open: 'pending', unpaid: 'pending', overdue: 'pending', uncollectible: 'failed' },
    ...{ voided: 'void', cancelled: 'void', canceled: 'void' },
  },
  priority: { urgent: 'P0', critical: 'P0', high: 'P1', normal: 'P2', medium: 'P2', low: 'P3' },
  category: {
    ...{ question: 'how_to_question', incident: 'technical_issue', problem: 'technical_issue', bug: 'bug_report' },
    ...{ task: 'other', billing: 'account_billing', 'feature request': 'feature_request' },
  },
  contract_type: { month: 'monthly', annually: 'annual', yearly: 'annual', year: 'annual' },
  billing_frequency: { month: 'monthly', annually: 'annual', yearly: 'annual', year: 'annual' },
}
