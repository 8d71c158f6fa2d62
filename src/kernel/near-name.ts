/** Whether two names differ by at most `distanceMax` letters that were added, removed or replaced (edit distance). */
export function isNear(one: string, two: string, distanceMax = 2): boolean {
  if (Math.abs(one.length - two.length) > distanceMax) return false
  let row = Array.from({ length: two.length + 1 }, (_, at) => at)
  for (let i = 1; i <= one.length; i++) {
    const next = [i]
    for (let j = 1; j <= two.length; j++) {
      const changed = (row[j - 1] ?? 0) + (one[i - 1] === two[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return (row[two.length] ?? Infinity) <= distanceMax
}
