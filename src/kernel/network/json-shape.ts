/** The deepest nesting of arrays and objects: enough for any real argument, and safe for every recursive reader. */
export const DEPTH_MAX = 64
/** A validator makes an object for each value that is wrong: a million of them stall the process for seconds. */
const VALUES_MAX = 50_000

/**
 * Why parsed JSON is rejected before validation: it is nested deeper than 64 levels, or holds more than 50,000 values.
 * Undefined when it may be validated. Stops at the first limit exceeded.
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
      // safe because: `key` is a property of this object; parsed JSON has no inherited ones.
      const problem = problemIn((inner as Record<string, unknown>)[key], levelsLeft - 1)
      if (problem !== undefined) return problem
    }
    return undefined
  }
  return problemIn(value, DEPTH_MAX)
}
