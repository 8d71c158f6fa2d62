import { cacheTags } from '#kernel/cache/tags'

export const customerTags = cacheTags('customers', {
  /** All results computed from a tenant's customers and their usage. */
  all: 'one',
  /** Results about one customer. */
  client: 'each',
  /** Results about many customers. */
  clients: 'one',
  /** The overviews of all customers; invalidated when all scores are recomputed. */
  overviews: 'one',
  /** Results about the members of a stored segment. */
  segments: 'one',
})
