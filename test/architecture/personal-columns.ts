/** A column of a table, as a migration declares it. */
export interface Column {
  /** `customers.tickets` */
  readonly table: string
  readonly column: string
  readonly type: string
  /** The rest of the declaration: constraints and defaults. */
  readonly rest: string
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

/** Columns of ids, digests, enumerations and the like, whose values programs write. */
const WRITTEN_BY_PROGRAMS =
  /(^|_)(ids?|hash|hashes|keys?|at|kind|type|source|stage|status|tier|category|level|version|algorithm|alg|crv|etag|scopes|signature)$/

/**
 * JSON columns always look personal; text columns too, unless programs write them by their name or a check lists or
 * describes their values (a maximum length does not). Numbers, times and booleans never do.
 */
export function looksPersonal({ column, type, rest }: Column): boolean {
  if (JSON_TYPES.test(type) || ADDRESS_TYPES.test(type)) return true
  if (!TEXT_TYPES.test(type)) return false
  return NAMES.test(column) || !(WRITTEN_BY_PROGRAMS.test(column) || /check \(.*( in \(| ~ |= any \()/i.test(rest))
}

/** Columns that look personal but are not, each with the reason. An entry without a column fails the test. */
export const NOT_PERSONAL: Readonly<Record<string, string>> = {
  'customers.risk_indicators.indicator_name': 'one of our own indicators',
  'customers.churn_predictions.model_name': 'one of our own models',
  'customers.churn_predictions.contributing_factors': 'figures of an account that a model combined',
  'customers.lifecycle_history.actor_kind': 'whether it was a person, a key or a job',
  'access.oauth_resources.identifier': 'the URL of one of our servers',
  'access.oauth_resources.name': 'the name of one of our servers',
  'access.oauth_resources.allowed_scopes': 'scopes',
  'access.oauth_resources.custom_claims': 'claims that tokens for the server carry for everybody',
  'access.oauth_resources.metadata': 'settings of the server',
  'access.oauth_client_resources.metadata': 'settings of a program at a server',
  'access.api_keys.made_with': 'the id of the key that made it',
  'access.api_keys.servers': 'names of our servers',
  'access.api_keys.toolsets': 'names of our toolsets',
  'access.api_keys.networks': 'the ranges that a key may be used from, erased with the key',
  'customers.health_scores.scoring_model': 'one of our own models',
  'customers.health_scores.missing': 'names of components',
  'customers.import_checkpoints.mapping': 'the name of a mapping',
  'kernel.rotations.field': 'the name of an encrypted column',
  'kernel.rotations.cursor': 'the key of the last row that was re-encrypted',
  'privacy.keys.sealed': 'an encrypted key',
  'tasks.people.time_zone': 'an IANA zone, exported and erased with the row',
  'tasks.tasks.time_zone': 'an IANA zone, exported and erased with the row',
  'tasks.tasks.recurrence': 'a rule of RFC 5545, exported and erased with the row',
  'tasks.undo.action': 'the name of a change',
}
