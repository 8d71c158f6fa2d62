/**
 * A seeded pseudo-random number generator. The generator is sfc32 (Chris Doty-Humphrey, PractRand, public domain:
 * https://pracrand.sourceforge.net/RNG_engines.txt), seeded from one number and warmed up by 15 rounds.
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  next(): number
  /** A uniformly distributed integer from `min` to `max`, both included. */
  between(min: number, max: number): number
  pick<const T extends readonly [unknown, ...unknown[]]>(from: T): T[number]
  chance(probability: number): boolean
  /** Normally distributed (Box–Muller). */
  normal(mean: number, deviation: number): number
}

/** The same seed gives the same sequence on every machine. */
export function seededRandom(seed: number): Random {
  let a = seed | 0
  let b = 0x9e3779b9 | 0
  let c = 0x243f6a88 | 0
  let counter = 1

  const next = () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
  for (let round = 0; round < 15; round++) next()

  function pick<const T extends readonly [unknown, ...unknown[]]>(from: T): T[number] {
    return from[Math.floor(next() * from.length)]
  }
  const between = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    between,
    pick,
    chance: (probability) => next() < probability,
    normal: (mean, deviation) =>
      mean + deviation * Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  }
}
