import type { Metric, Registry } from 'prom-client'

/**
 * Counters and histograms whose children are looked up once and then cost an addition: prom-client hashes the labels
 * at every observation. They are registered, and written out, by prom-client's registry.
 */
export interface FastCounter {
  (...labels: readonly string[]): Count
}
export interface Count {
  add(amount: number): void
}
export interface FastHistogram {
  (...labels: readonly string[]): Distribution
}
export interface Distribution {
  observe(seconds: number): void
}

/** Label sets one metric holds; beyond, values are counted under `other`, so that a caller cannot fill the memory. */
const CHILDREN_MAX = 2000

/** Durations in seconds: from a cached answer to the longest tool. */
export const DURATION_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export function fastCounter(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
): FastCounter {
  const { child, all } = children(labelNames, () => {
    let value = 0
    return {
      add: (amount: number) => {
        value += amount
      },
      values: (labels: Labels) => [{ labels, value }],
    }
  })
  register(registry, { name, help, type: 'counter', values: all })
  return child
}

export function fastHistogram(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[],
  bounds: readonly number[] = DURATION_BUCKETS,
): FastHistogram {
  const { child, all } = children(labelNames, () => distribution(name, bounds))
  register(registry, { name, help, type: 'histogram', values: all })
  return child
}

type Labels = Readonly<Record<string, string | number>>
interface Value {
  readonly labels: Labels
  readonly value: number
  readonly metricName?: string
}

function distribution(name: string, bounds: readonly number[]) {
  const counts = new Float64Array(bounds.length)
  let sum = 0
  let count = 0
  return {
    observe(seconds: number) {
      sum += seconds
      count += 1
      for (let at = 0; at < bounds.length; at++) {
        if (seconds <= (bounds[at] ?? 0)) {
          counts[at] = (counts[at] ?? 0) + 1
          return
        }
      }
    },
    values(labels: Labels): Value[] {
      let below = 0
      const buckets = bounds.map((bound, at) => {
        below += counts[at] ?? 0
        return { labels: { le: bound, ...labels }, value: below, metricName: `${name}_bucket` }
      })
      return [
        ...buckets,
        { labels: { le: '+Inf', ...labels }, value: count, metricName: `${name}_bucket` },
        { labels, value: sum, metricName: `${name}_sum` },
        { labels, value: count, metricName: `${name}_count` },
      ]
    },
  }
}

function children<Child extends { values(labels: Labels): Value[] }>(labelNames: readonly string[], make: () => Child) {
  const known = new Map<string, { readonly labels: Labels; readonly child: Child }>()
  const find = (labels: readonly string[]): Child => {
    const key = labels.length === 1 ? (labels[0] ?? '') : labels.join('\u0000')
    const found = known.get(key)
    if (found !== undefined) return found.child
    if (known.size >= CHILDREN_MAX && labels.some((label) => label !== 'other')) {
      return find(labelNames.map(() => 'other'))
    }
    const entry = {
      labels: Object.fromEntries(labelNames.map((label, at) => [label, labels[at] ?? ''])),
      child: make(),
    }
    known.set(key, entry)
    return entry.child
  }
  return {
    child: (...labels: readonly string[]) => find(labels),
    all: () => [...known.values()].flatMap(({ labels, child }) => child.values(labels)),
  }
}

interface Description {
  readonly name: string
  readonly help: string
  readonly type: 'counter' | 'histogram'
  readonly values: () => Value[]
}

function register(registry: Registry, { name, help, type, values }: Description): void {
  const metric = { name, help, type, aggregator: 'sum', get: async () => ({ name, help, type, values: values() }) }
  // safe because: the registry only reads `name` and calls `get()`, whose answer has the form of its own metrics'.
  registry.registerMetric(metric as unknown as Metric)
}
