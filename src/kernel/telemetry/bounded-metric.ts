import { Counter, Histogram } from 'prom-client'
import type { Registry } from 'prom-client'

/** A prom-client counter with a bounded number of label sets. Takes the label values in order. */
export type BoundedCounter = (...labels: readonly string[]) => { add(amount: number): void }

/** A prom-client histogram with a bounded number of label sets. */
export type BoundedHistogram = (...labels: readonly string[]) => { observe(seconds: number): void }

/** Label sets per metric; further ones are counted under `other`, so that callers cannot exhaust memory. */
const LABEL_SETS_MAX = 2000

/** Buckets in seconds: from a cached response to the slowest tool. */
export const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function boundedCounter(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
): BoundedCounter {
  const metric = new Counter({ name, help, labelNames: [...labelNames], registers: [registry] })
  return bounded((labels) => {
    const child = metric.labels(...labels)
    return { add: (amount) => child.inc(amount) }
  })
}

export function boundedHistogram(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  buckets: readonly number[] = DURATION_BUCKETS,
): BoundedHistogram {
  const metric = new Histogram({
    name,
    help,
    labelNames: [...labelNames],
    buckets: [...buckets],
    registers: [registry],
  })
  return bounded((labels) => metric.labels(...labels))
}

function bounded<Child>(make: (labels: readonly string[]) => Child): (...labels: readonly string[]) => Child {
  const known = new Map<string, Child>()
  const find = (labels: readonly string[]): Child => {
    const key = labels.join('\u0000')
    const found = known.get(key)
    if (found !== undefined) return found
    if (known.size >= LABEL_SETS_MAX && labels.some((label) => label !== 'other'))
      return find(labels.map(() => 'other'))
    const child = make(labels)
    known.set(key, child)
    return child
  }
  return (...labels) => find(labels)
}
