/** `roundTo(0.12345, 3)` is 0.123. Null stays null. */
export function roundTo(value: number, decimals: number): number
export function roundTo(value: number | null, decimals: number): number | null
export function roundTo(value: number | null, decimals: number): number | null {
  if (value === null) return null
  const steps = 10 ** decimals
  return Math.round(value * steps) / steps
}

/** Rounds a score, or an average or difference of scores, to one decimal. */
export function roundScore(score: number): number
export function roundScore(score: number | null): number | null
export function roundScore(score: number | null): number | null {
  return roundTo(score, 1)
}

/** Rounds a share, rate or probability (0 to 1) to three decimals. */
export function roundShare(share: number): number
export function roundShare(share: number | null): number | null
export function roundShare(share: number | null): number | null {
  return roundTo(share, 3)
}

/** A share as text: `percent(0.256)` is `26 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
