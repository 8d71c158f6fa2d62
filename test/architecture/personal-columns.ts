/** A column of a table, as a migration declares it. */
export interface Column {
  /** `customers.tickets` */
  readonly table: string
  readonly column: string
  readonly type: string
}

const ADDRESS_TYPES = /^(inet|cidr|citext)$/
const JSON_TYPES = /^jsonb?$/
const TEXT_TYPES = /^(text|varchar|character|char)/
const NAMES = new RegExp(
  `(^|_)(${[
    ...['e?mail', 'phone', 'mobile', 'tel', 'fax', 'address', 'ip', 'street', 'city', 'zip', 'postcode', 'location'],
    ...['name', 'nickname', 'surname', 'username', 'birth\\w*', 'gender', 'avatar', 'image', 'photo', 'picture'],
    ...['user', 'users', 'person', 'people', 'contact', 'member', 'requester', 'respondent', 'recipient', 'sender'],
    ...['author', 'assignee', 'assigned', 'agent', 'csm', 'actor', 'by', 'subject', 'identifier', 'external'],
    ...['title', 'description', 'comment', 'comments', 'note', 'notes', 'message', 'text', 'body', 'content', 'reason'],
    ...['notice', 'transcript', 'question', 'answer', 'prompt'],
  ].join('|')})(_|$)`,
)

/** JSON columns always look personal, text columns by their names; numbers, times and booleans never do. */
export function looksPersonal({ column, type }: Column): boolean {
  if (JSON_TYPES.test(type) || ADDRESS_TYPES.test(type)) return true
  return TEXT_TYPES.test(type) && NAMES.test(column)
}

/** Columns that look personal but are not, each with the reason. An entry without a column fails the test. */
export const NOT_PERSONAL: Readonly<Record<string, string>> = {
  'customers.risk_indicators.indicator_name': 'one of our own indicators',
  'customers.churn_predictions.model_name': 'one of our own models',
  'customers.churn_predictions.contributing_factors': 'the figures of an account that a model added up',
  'customers.lifecycle_history.actor_kind': 'whether it was a person, a key or a job',
  'access.oauth_resources.identifier': 'the URL of one of our servers',
  'access.oauth_resources.name': 'the name of one of our servers',
  'access.oauth_resources.allowed_scopes': 'scopes',
  'access.oauth_resources.custom_claims': 'claims that tokens for the server carry for everybody',
  'access.oauth_resources.metadata': 'settings of the server',
  'access.oauth_client_resources.metadata': 'settings of a program at a server',
}
