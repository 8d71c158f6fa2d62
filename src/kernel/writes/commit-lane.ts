/** The weight of an item, counted against limits. */
export interface Weight {
  readonly count: number
  readonly bytes: number
}

/** A queued item with the callbacks of its caller. */
export interface Waiting<Item, Result> extends Weight {
  readonly item: Item
  readonly since: number
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

/** A commit lane: the queue of one group commit key, in order of arrival. */
export interface Lane<Item, Result> extends Weight {
  /** Number of runs that take batches from it. */
  running: number
  readonly size: number
  readonly first: Waiting<Item, Result> | undefined
  /** Adds an item. Aborting `signal` removes it while it is queued, and rejects it with the reason. */
  enter(waiting: Waiting<Item, Result>, signal: AbortSignal | undefined): void
  /** Removes and returns the first items, up to the weight `max`, but at least one. */
  take(max: Weight): Waiting<Item, Result>[]
}

export function openLane<Item, Result>(): Lane<Item, Result> {
  const queue = new Set<Waiting<Item, Result>>()
  let count = 0
  let bytes = 0
  const leave = (waiting: Waiting<Item, Result>): boolean => {
    if (!queue.delete(waiting)) return false
    count -= waiting.count
    bytes -= waiting.bytes
    return true
  }
  return {
    running: 0,
    get size() {
      return queue.size
    },
    get count() {
      return count
    },
    get bytes() {
      return bytes
    },
    get first() {
      return queue.values().next().value
    },
    enter(waiting, signal) {
      const entered = signal === undefined ? waiting : withdrawable(waiting, signal, leave)
      queue.add(entered)
      count += entered.count
      bytes += entered.bytes
    },
    take(max) {
      const group: Waiting<Item, Result>[] = []
      const taken = { count: 0, bytes: 0 }
      for (const waiting of queue) {
        taken.count += waiting.count
        taken.bytes += waiting.bytes
        if (group.length > 0 && exceeds(taken, max)) break
        leave(waiting)
        group.push(waiting)
      }
      return group
    },
  }
}

export function exceeds(weight: Weight, max: Weight): boolean {
  return weight.count > max.count || weight.bytes > max.bytes
}

function withdrawable<Item, Result>(
  waiting: Waiting<Item, Result>,
  signal: AbortSignal,
  leave: (waiting: Waiting<Item, Result>) => boolean,
): Waiting<Item, Result> {
  const onAbort = () => {
    if (leave(entered)) waiting.reject(signal.reason)
  }
  const entered: Waiting<Item, Result> = {
    ...waiting,
    resolve(result) {
      signal.removeEventListener('abort', onAbort)
      waiting.resolve(result)
    },
    reject(error) {
      signal.removeEventListener('abort', onAbort)
      waiting.reject(error)
    },
  }
  signal.addEventListener('abort', onAbort, { once: true })
  return entered
}
