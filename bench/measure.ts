/** The figures of one measurement, by name: `{ perSecond, cpuMicroseconds }`. */
export type Sample = Readonly<Record<string, number>>

/** One side of a comparison. */
export interface Contender {
  readonly name: string
  readonly measure: () => Promise<Sample>
}

/**
 * Measures every contender once per round. Each round starts with another one, so that other load and the order affect
 * all alike.
 */
export async function takeTurns(
  contenders: readonly Contender[],
  rounds: number,
  tell: (line: string) => void,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const found = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const contender = contenders[(round + turn) % contenders.length]
      if (contender === undefined) continue
      const sample = await contender.measure()
      found.get(contender.name)?.push(sample)
      tell(`round ${round + 1}/${rounds}  ${contender.name}: ${describeSample(sample)}`)
    }
  }
  return found
}

/** The median: the middle value, or the mean of the two middle ones. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const upper = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const lower = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (upper + lower) / 2
}

/** The median over all rounds of the ratio of `figure` between two contenders in the same round. */
export function ratio(of: readonly Sample[] | undefined, to: readonly Sample[] | undefined, figure: string): number {
  if (of === undefined || to === undefined) return Number.NaN
  return median(of.map((sample, round) => (sample[figure] ?? Number.NaN) / (to[round]?.[figure] ?? Number.NaN)))
}

/** Least-squares slope of y over x. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / points.length
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / points.length
  const covariance = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  const variance = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  return covariance / variance
}

function describeSample(sample: Sample): string {
  return Object.entries(sample)
    .map(([figure, value]) => `${figure} ${value < 100 ? value.toPrecision(3) : Math.round(value)}`)
    .join(', ')
}
