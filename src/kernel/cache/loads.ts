interface Load {
  readonly tags: readonly string[]
  value: Promise<unknown>
  isInvalidated: boolean
}

/** Running loads, one per key, shared by all callers that wait for it. */
export interface Loads {
  /** Joins the running load of this key, or starts one with `run`. */
  join(key: string, tags: readonly string[], run: (isInvalidated: () => boolean) => Promise<unknown>): Promise<unknown>
  /**
   * Marks loads with these tags as outdated: callers that already wait still get the value, later ones start a new
   * load.
   */
  invalidate(tags: readonly string[]): void
  invalidateAll(): void
}

export function openLoads(): Loads {
  const running = new Map<string, Load>()

  const start = (key: string, tags: readonly string[], run: (isInvalidated: () => boolean) => Promise<unknown>) => {
    const load: Load = { tags, isInvalidated: false, value: Promise.resolve() }
    load.value = run(() => load.isInvalidated).finally(() => {
      if (running.get(key) === load) running.delete(key)
    })
    running.set(key, load)
    return load
  }
  const invalidate = (concerns: (load: Load) => boolean) => {
    for (const [key, load] of running) {
      if (!concerns(load)) continue
      load.isInvalidated = true
      running.delete(key)
    }
  }
  return {
    join: (key, tags, run) => (running.get(key) ?? start(key, tags, run)).value,
    invalidate: (tags) => invalidate((load) => load.tags.some((tag) => tags.includes(tag))),
    invalidateAll: () => invalidate(() => true),
  }
}
