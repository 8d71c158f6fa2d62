import type { Sample } from './measure.ts'

/** One benchmark: a name for the command line, what it compares, and the measuring itself. */
export interface Benchmark {
  readonly name: string
  readonly describe: string
  readonly run: (options: BenchOptions) => Promise<Section>
}

export interface BenchOptions {
  readonly rounds: number
  /** Length of one measurement under load, and of its warm-up. */
  readonly seconds: number
  readonly warmUpSeconds: number
  /** The benchmarks that take more than a few minutes at full size run at full size. */
  readonly full: boolean
  /** Length and rate of the soak. */
  readonly minutes: number
  readonly callsPerSecond: number
  /** How many tenants there are, where that is what is measured. */
  readonly tenants: number
  /** Write CPU profiles of our server beside the results. */
  readonly profileDir: string | undefined
  /** Empty, and removed at the end. */
  readonly scratchDir: string
  /** One line of progress. */
  readonly tell: (line: string) => void
}

/** What one benchmark found. */
export interface Section {
  readonly title: string
  /** How it was measured, and what a reader must know to judge the figures. */
  readonly notes: readonly string[]
  readonly rows: readonly Row[]
}

export interface Row {
  readonly subject: string
  readonly unit: string
  /** One figure a round. */
  readonly samples: readonly number[]
  readonly ratio?: { readonly to: string; readonly value: number }
  readonly goal?: Goal
}

/** A limit, and whether what was measured keeps it. */
export interface Goal {
  readonly text: string
  readonly met: boolean
}

/** Goals read like the sentence they are: `atLeast(0.5, ratio, 'of bare')`. */
export const atLeast = (limit: number, value: number, of: string): Goal => ({
  text: `≥ ${limit} ${of}`,
  met: value >= limit,
})
export const atMost = (limit: number, value: number, of: string): Goal => ({
  text: `≤ ${limit} ${of}`,
  met: value <= limit,
})

/** A row for each figure of one contender. */
export function rowOf(subject: string, unit: string, samples: readonly Sample[], figure: string): Row {
  return { subject, unit, samples: samples.map((sample) => sample[figure] ?? Number.NaN) }
}
