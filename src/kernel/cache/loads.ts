interface Load {
  readonly tags: readonly string[]
  value: Promise<unknown>
  isOverrun: boolean
}

/** Running loads, one per key, shared by all callers that wait for it. */
export interface Loads {
  /** Joins the running load of this key, or starts one with `run`. */
  join(key: string, tags: readonly string[], run: (isOverrun: () => boolean) => Promise<unknown>): Promise<unknown>
  /**
   * Marks loads with these tags as outdated: callers that already wait still get the value, later ones start a new
   * load.
   */
  overrun(tags: readonly string[]): void
  overrunAll(): void
}

export function openLoads(): Loads {
  const running = new Map<string, Load>()

  const start = (key: string, tags: readonly string[], run: (isOverrun: () => boolean) => Promise<unknown>) => {
    const load: Load = { tags, isOverrun: false, value: Promise.resolve() }
    load.value = run(() => load.isOverrun).finally(() => {
      if (running.get(key) === load) running.delete(key)
    })
    running.set(key, load)
    return load
  }
  const overrun = (concerns: (load: Load) => boolean) => {
    for (const [key, load] of running) {
      if (!concerns(load)) continue
      load.isOverrun = true
      running.delete(key)
    }
  }
  return {
    join: (key, tags, run) => (running.get(key) ?? start(key, tags, run)).value,
    overrun: (tags) => overrun((load) => load.tags.some((tag) => tags.includes(tag))),
    overrunAll: () => overrun(() => true),
  }
}
