import { cacheTags } from '#kernel/cache/tags'

export const customerTags = cacheTags('customers', {
  /** Everything that is computed from a tenant's customers and their usage. */
  all: 'one',
  /** What is shown about one customer. */
  client: 'each',
  /** What is shown about many customers together. */
  clients: 'one',
  /** The overviews of all customers, for when what they show was computed anew for all. */
  overviews: 'one',
  /** What is shown about the members of a stored segment. */
  segments: 'one',
})
