/** Deep enough for any real argument, shallow enough for every recursive reader. */
const DEPTH_MAX = 64
/** A validator makes an object for each value that is wrong: a million of them stall the process for seconds. */
const VALUES_MAX = 50_000

/**
 * Why parsed JSON is not validated, or undefined where it may be: it is nested deeper than 64 levels, or holds more than
 * 50,000 values. Looks no further than the first that is too much.
 */
export function shapeProblem(value: unknown): string | undefined {
  let valuesLeft = VALUES_MAX
  const problemIn = (inner: unknown, levelsLeft: number): string | undefined => {
    if (--valuesLeft < 0) return `it holds more than ${VALUES_MAX} values`
    if (typeof inner !== 'object' || inner === null) return undefined
    if (levelsLeft === 0) return `it is nested deeper than ${DEPTH_MAX} levels`
    if (Array.isArray(inner)) {
      for (const item of inner) {
        const problem = problemIn(item, levelsLeft - 1)
        if (problem !== undefined) return problem
      }
      return undefined
    }
    for (const key in inner) {
      // safe because: `key` is one of this object's own; what JSON makes has no others.
      const problem = problemIn((inner as Record<string, unknown>)[key], levelsLeft - 1)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  return problemIn(value, DEPTH_MAX)
}
