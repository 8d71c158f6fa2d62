import type { CacheTag } from './cache/tags.ts'

export interface CacheEntryOptions {
  /** What is kept, for the metrics: `customers.overview`. Never a key. */
  readonly name: string
  readonly ttlSeconds: number
  readonly tags: readonly CacheTag[]
}

/**
 * Values that may be up to `ttlSeconds` old, shared by the tenant's callers: they must survive JSON, and nobody may
 * change one. Keys and tags are per tenant.
 */
export interface Cache {
  /** The cached value, or `load`'s, which runs once however many callers wait. A failed cache falls back to `load`. */
  getOrLoad<T>(tenantId: string, key: string, options: CacheEntryOptions, load: () => Promise<T>): Promise<T>
  /** Forgets every value with one of the tags, here at once and in every other process within moments. */
  invalidate(tenantId: string, tags: readonly CacheTag[]): Promise<void>
}
