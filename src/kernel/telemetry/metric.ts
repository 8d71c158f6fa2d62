/** A metric declared by a module: name, help text and labels for Prometheus. */
export type Metric = CounterMetric | HistogramMetric | GaugeMetric

export type CounterMetric<L extends string = string> = Declared<'counter', L>
export type GaugeMetric<L extends string = string> = Declared<'gauge', L>
export interface HistogramMetric<L extends string = string> extends Declared<'histogram', L> {
  /** Upper bounds of its buckets, ascending. Default: `DURATION_BUCKETS`, in seconds. */
  readonly buckets?: readonly number[]
}

interface Declared<Kind, L extends string> {
  readonly kind: Kind
  /** `sign_ins_total`. */
  readonly name: string
  readonly help: string
  readonly labels: readonly L[]
}

/** Declares metrics: `metric.counter('sign_ins_total', { help: 'Sign-ins by how they ended.', labels: ['outcome'] })`. */
export const metric = {
  counter: <const L extends string = never>(name: string, about: About<L>): CounterMetric<L> => ({
    kind: 'counter',
    name,
    help: about.help,
    labels: about.labels ?? [],
  }),
  histogram: <const L extends string = never>(
    name: string,
    { help, labels = [], buckets }: About<L> & { readonly buckets?: readonly number[] },
  ): HistogramMetric<L> => ({ kind: 'histogram', name, help, labels, ...(buckets && { buckets }) }),
  gauge: <const L extends string = never>(name: string, about: About<L>): GaugeMetric<L> => ({
    kind: 'gauge',
    name,
    help: about.help,
    labels: about.labels ?? [],
  }),
}

interface About<L extends string> {
  readonly help: string
  readonly labels?: readonly L[]
}

/** One value per label. Values must be few: never an id, an address or a caller's text. */
export type Labels<L extends string> = Readonly<Record<L, string>>

export interface Counter<L extends string> {
  /** Adds `amount`, or 1. */
  add(labels: Labels<L>, amount?: number): void
}

export interface Histogram<L extends string> {
  observe(labels: Labels<L>, value: number): void
}

export interface Gauge<L extends string> {
  set(labels: Labels<L>, value: number): void
  /** Reads the value of these labels at every scrape. */
  follow(labels: Labels<L>, read: () => number): void
}

/** The instruments of declared metrics, by the same keys. */
export type Instruments<Metrics> = { readonly [M in keyof Metrics]: InstrumentOf<Metrics[M]> }

export type InstrumentOf<M> =
  M extends CounterMetric<infer L>
    ? Counter<L>
    : M extends HistogramMetric<infer L>
      ? Histogram<L>
      : M extends GaugeMetric<infer L>
        ? Gauge<L>
        : never
