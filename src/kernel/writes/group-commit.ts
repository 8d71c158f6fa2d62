import { setImmediate as nextTurn } from 'node:timers/promises'
import { Failure } from '../failure.ts'
import { exceeds, openLane } from './commit-lane.ts'
import type { Lane, Waiting, Weight } from './commit-lane.ts'

/**
 * A group commit: writes the items of many callers in one transaction. While batches of a lane are in flight, arriving
 * items are queued for the next batch. Callers get their result only after the commit, and no timer delays them. Under
 * load many callers share the cost of a transaction (audit row, commit, round trips).
 */
export interface GroupCommit<Item, Result> {
  /**
   * Queues an item; settles with its own result or failure. Throws `Failure('unavailable')` at once when the queue is
   * full. Aborting `signal` removes a queued item; one that is being committed still gets its result.
   */
  submit(lane: string, item: Item, signal?: AbortSignal): Promise<Result>
  /**
   * Resolves when the queue is empty and nothing is in flight. After `seconds`, queued and new items are refused and
   * the signal of running commits is aborted.
   */
  drain(seconds: number): Promise<void>
}

export interface GroupCommitOptions<Item, Result> {
  /** The items' name in error texts: `events`. */
  readonly items: string
  /**
   * Commits a batch of one lane as a whole, or throws. Returns one result per item, in order; a `Failure` among them
   * goes to its own caller. It gets no caller's signal, so it needs timeouts of its own.
   */
  readonly commit: (batch: readonly Item[], signal: AbortSignal) => Promise<readonly (Result | Failure)[]>
  readonly weigh: (item: Item) => Weight
  /** The submission time by the caller's clock, in milliseconds. */
  readonly now: (item: Item) => number
  /** Whether to retry a batch that failed with this error item by item, so that one item cannot fail the others. */
  readonly retrySingly?: (error: unknown) => boolean
  readonly bounds: GroupCommitBounds
}

export interface GroupCommitBounds {
  /** Maximum weight of a batch. A heavier item is committed alone. */
  readonly batchMax: Weight
  /** Maximum weight of the queue of one lane. */
  readonly waitingMax: Weight
  /** When the first item of a lane has waited longer, new items are refused, because they would miss their deadline. */
  readonly waitMillisecondsMax: number
  readonly lanesMax: number
  /** Concurrent batches per lane; default: 1. With two, one is assembled while another is written. */
  readonly batchesAtOnce?: number
}

export function groupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>): GroupCommit<Item, Result> {
  const { items, bounds } = options
  const lanes = new Map<string, Lane<Item, Result>>()
  const stopping = new AbortController()
  let whenIdle: (() => void)[] = []

  const run = async (key: string, lane: Lane<Item, Result>) => {
    // Waits one event-loop turn, so that requests already read from their sockets join the batch.
    await nextTurn()
    while (lane.size > 0) await commitGroup(options, lane.take(bounds.batchMax), stopping.signal)
    lane.running--
    if (lane.running === 0) lanes.delete(key)
    if (lanes.size > 0) return
    for (const resolve of whenIdle) resolve()
    whenIdle = []
  }

  return {
    submit(key, item, signal) {
      signal?.throwIfAborted()
      const lane = lanes.get(key) ?? openLane<Item, Result>()
      const weight = options.weigh(item)
      const since = options.now(item)
      if (stopping.signal.aborted) throw stopping.signal.reason
      if (lanes.size + (lane.running === 0 ? 1 : 0) > bounds.lanesMax || !hasRoom(lane, weight, since, bounds)) {
        throw new Failure('unavailable', `Too many ${items} are waiting to be stored. Send them again.`, {
          retryAfterSeconds: 1,
        })
      }
      lanes.set(key, lane)
      return new Promise<Result>((resolve, reject) => {
        lane.enter({ item, ...weight, since, resolve, reject }, signal)
        if (lane.running >= (bounds.batchesAtOnce ?? 1)) return
        lane.running++
        run(key, lane).catch(reject)
      })
    },
    async drain(seconds) {
      if (lanes.size === 0) return
      const idle = new Promise<void>((resolve) => whenIdle.push(resolve))
      const deadline = setTimeout(() => {
        const reason = new Failure('unavailable', `The server is stopping. Send the ${items} again.`, {
          retryAfterSeconds: 1,
        })
        stopping.abort(reason)
        for (const lane of lanes.values()) for (const { reject } of lane.take(EVERYTHING)) reject(reason)
      }, seconds * 1000)
      await idle
      clearTimeout(deadline)
    },
  }
}

const EVERYTHING: Weight = { count: Infinity, bytes: Infinity }

function hasRoom<Item, Result>(
  lane: Lane<Item, Result>,
  weight: Weight,
  now: number,
  { waitingMax, waitMillisecondsMax }: GroupCommitBounds,
): boolean {
  if (exceeds({ count: lane.count + weight.count, bytes: lane.bytes + weight.bytes }, waitingMax)) return false
  return now - (lane.first?.since ?? now) <= waitMillisecondsMax
}

/** Commits a group and settles all its callers; never throws. */
async function commitGroup<Item, Result>(
  options: GroupCommitOptions<Item, Result>,
  group: readonly Waiting<Item, Result>[],
  signal: AbortSignal,
): Promise<void> {
  const batch = group.map(({ item }) => item)
  let results: readonly (Result | Failure)[]
  try {
    results = await options.commit(batch, signal)
  } catch (error) {
    if (group.length === 1 || options.retrySingly?.(error) !== true) for (const { reject } of group) reject(error)
    else for (const waiting of group) await commitGroup(options, [waiting], signal)
    return
  }
  if (results.length === group.length) return answer(group, results)
  const error = new Error(`${results.length} results were returned for ${group.length} ${options.items}`)
  for (const { reject } of group) reject(error)
}

function answer<Item, Result>(group: readonly Waiting<Item, Result>[], results: readonly (Result | Failure)[]): void {
  for (const [index, result] of results.entries()) {
    if (result instanceof Failure) group[index]?.reject(result)
    else group[index]?.resolve(result)
  }
}
