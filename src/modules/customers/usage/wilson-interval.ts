/**
 * The Wilson score interval of a proportion (E. B. Wilson, "Probable inference", JASA 22, 1927): the confidence
 * interval of the true share at `level` (such as 0.95) after `hits` of `trials`. Valid for few trials and for shares
 * near 0 and 1.
 */
export function wilsonInterval(hits: number, trials: number, level: number): { low: number; high: number } {
  const z = normalQuantile(0.5 + level / 2)
  const share = hits / trials
  const spread = 1 + z ** 2 / trials
  const centre = (share + z ** 2 / (2 * trials)) / spread
  const half = (z / spread) * Math.sqrt((share * (1 - share)) / trials + z ** 2 / (4 * trials ** 2))
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) }
}

/**
 * The quantile of the standard normal distribution, for 0.5 ≤ p < 1: Abramowitz and Stegun, "Handbook of Mathematical
 * Functions", 26.2.23, with an absolute error below 4.5e-4.
 */
function normalQuantile(p: number): number {
  const t = Math.sqrt(-2 * Math.log(1 - p))
  return t - (2.515517 + 0.802853 * t + 0.010328 * t ** 2) / (1 + 1.432788 * t + 0.189269 * t ** 2 + 0.001308 * t ** 3)
}
