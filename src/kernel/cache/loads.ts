interface Load {
  readonly tags: readonly string[]
  value: Promise<unknown>
  isOverrun: boolean
}

/** The loads under way, one per key, however many callers wait for it. */
export interface Loads {
  /** The value of the load that runs for this key, or of `run`, started now. */
  join(key: string, tags: readonly string[], run: (isOverrun: () => boolean) => Promise<unknown>): Promise<unknown>
  /** What these loads find may be out of date: who waits gets it still, who asks from now on does not. */
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
