import { Gauge as PromGauge } from 'prom-client'
import type { Registry } from 'prom-client'
import { requireDeclaredOnce } from '../startup/declared-once.ts'
import { boundedCounter, boundedHistogram } from './bounded-metric.ts'
import type { Counter, Gauge, Histogram, Instruments, Labels, Metric } from './metric.ts'

/** Creates the metrics of a module. */
export type MakeInstruments = <const M extends Readonly<Record<string, Metric>>>(
  module: string,
  metrics: M,
) => Instruments<M>

/** Returns the function that creates metrics in a registry. It throws when a name is taken, naming both modules. */
export function instrumentMaker(registry: Registry): MakeInstruments {
  const owners = new Map<string, string>()
  return (module, metrics) => {
    const declared = Object.entries(metrics)
    const taken = declared
      .filter(([, { name }]) => registry.getSingleMetric(name) !== undefined)
      .map(([, { name }]) => ({ kind: 'metric', name, module: owners.get(name) ?? 'kernel' }))
    requireDeclaredOnce([...taken, ...declared.map(([, { name }]) => ({ kind: 'metric', name, module }))])
    for (const [, { name }] of declared) owners.set(name, module)
    const made = Object.fromEntries(declared.map(([key, metric]) => [key, instrument(registry, metric)]))
    // safe because: each instrument has the kind that its metric declares.
    return made as Instruments<typeof metrics>
  }
}

type AnyInstrument = Counter<string> | Histogram<string> | Gauge<string>

function instrument(registry: Registry, metric: Metric): AnyInstrument {
  const { name, help, labels } = metric
  const valuesOf = (given: Labels<string>) => labels.map((label) => given[label] ?? '')
  switch (metric.kind) {
    case 'counter': {
      const count = boundedCounter(registry, name, help, labels)
      return { add: (given, amount = 1) => count(...valuesOf(given)).add(amount) }
    }
    case 'histogram': {
      const histogram = boundedHistogram(registry, name, help, labels, metric.buckets)
      return { observe: (given, value) => histogram(...valuesOf(given)).observe(value) }
    }
    case 'gauge':
      return gauge(registry, metric)
  }
}

function gauge(registry: Registry, { name, help, labels }: Metric): Gauge<string> {
  const followed: (() => void)[] = []
  const made = new PromGauge({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
    collect: () => {
      for (const read of followed) read()
    },
  })
  return {
    set: (given, value) => made.set(given, value),
    follow: (given, read) => void followed.push(() => made.set(given, read())),
  }
}
