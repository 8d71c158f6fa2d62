import type { Sample } from './measure.ts'

/** A benchmark: its name on the command line, a description of the comparison, and the measurement. */
export interface Benchmark {
  readonly name: string
  readonly describe: string
  readonly run: (options: BenchOptions) => Promise<Section>
}

export interface BenchOptions {
  readonly rounds: number
  /** Length of one measurement under load; `warmUpSeconds` is the length of its warm-up. */
  readonly seconds: number
  readonly warmUpSeconds: number
  /** Whether benchmarks that take more than a few minutes at full size run at full size. */
  readonly full: boolean
  /** Length of the soak; `callsPerSecond` is its rate. */
  readonly minutes: number
  readonly callsPerSecond: number
  /** Number of tenants in the benchmark of many tenants. */
  readonly tenants: number
  /** The folder for CPU profiles of our server; undefined for none. */
  readonly profileDir: string | undefined
  /** An empty folder, removed at the end. */
  readonly scratchDir: string
  /** Prints one line of progress. */
  readonly tell: (line: string) => void
}

/** The results of one benchmark. */
export interface Section {
  readonly title: string
  /** The method, and what a reader must know to interpret the figures. */
  readonly notes: readonly string[]
  readonly rows: readonly Row[]
}

export interface Row {
  readonly subject: string
  readonly unit: string
  /** One figure per round. */
  readonly samples: readonly number[]
  readonly ratio?: { readonly to: string; readonly value: number }
  readonly goal?: Goal
}

/** A limit, and whether the measured value meets it. */
export interface Goal {
  readonly text: string
  readonly met: boolean
}

/** A goal with a lower limit: `atLeast(0.5, ratio, 'of bare')`. */
export const atLeast = (limit: number, value: number, of: string): Goal => ({
  text: `≥ ${limit} ${of}`,
  met: value >= limit,
})
export const atMost = (limit: number, value: number, of: string): Goal => ({
  text: `≤ ${limit} ${of}`,
  met: value <= limit,
})

/** A row with one figure of a contender. */
export function rowOf(subject: string, unit: string, samples: readonly Sample[], figure: string): Row {
  return { subject, unit, samples: samples.map((sample) => sample[figure] ?? Number.NaN) }
}
