import { LRUCache } from 'lru-cache'

/** The in-process tier of the cache, with removal by tag. */
export interface MemoryTier {
  get(key: string): { readonly value: unknown } | undefined
  set(key: string, value: unknown, options: { readonly ttlSeconds: number; readonly tags: readonly string[] }): void
  forget(tags: readonly string[]): void
  clear(): void
  readonly size: number
}

interface Entry {
  readonly value: unknown
  readonly tags: readonly string[]
}

/**
 * Holds at most `entriesMax` values and evicts the least recently used. Keys and tags must already contain the tenant.
 */
export function memoryTier(entriesMax: number): MemoryTier {
  const keysByTag = new Map<string, Set<string>>()
  const untag = (entry: Entry, key: string) => {
    for (const tag of entry.tags) {
      const keys = keysByTag.get(tag)
      keys?.delete(key)
      if (keys?.size === 0) keysByTag.delete(tag)
    }
  }
  const entries = new LRUCache<string, Entry>({ max: entriesMax, dispose: untag, ttlAutopurge: false })

  return {
    get: (key) => entries.get(key),
    set(key, value, { ttlSeconds, tags }) {
      // Deleted first, so that the old entry's tags are removed before the new ones are added.
      entries.delete(key)
      entries.set(key, { value, tags }, { ttl: ttlSeconds * 1000 })
      for (const tag of tags) {
        const keys = keysByTag.get(tag)
        if (keys) keys.add(key)
        else keysByTag.set(tag, new Set([key]))
      }
    },
    forget(tags) {
      for (const tag of tags) {
        for (const key of [...(keysByTag.get(tag) ?? [])]) entries.delete(key)
      }
    },
    clear: () => entries.clear(),
    get size() {
      return entries.size
    },
  }
}
