import type { CacheTag } from './cache/tags.ts'

export interface CacheEntryOptions {
  /** The kind of value, as a metric label: `customers.overview`. Never a cache key, which is unbounded. */
  readonly name: string
  readonly ttlSeconds: number
  readonly tags: readonly CacheTag[]
}

/**
 * A cache of values that may be up to `ttlSeconds` old, shared by all callers of a tenant. Values must survive JSON and
 * must not be mutated. Keys and tags are per tenant.
 */
export interface Cache {
  /**
   * Resolves with the cached value, or with the result of `load`, which runs once for all callers that wait for the
   * key. When the cache fails, `load` is used.
   */
  getOrLoad<T>(tenantId: string, key: string, options: CacheEntryOptions, load: () => Promise<T>): Promise<T>
  /** Removes every value with one of the tags: in this process at once, in the others within moments. */
  invalidate(tenantId: string, tags: readonly CacheTag[]): Promise<void>
}
