import type { Reporter, TestCase, TestModule, TestSuite } from 'vitest/node'

/**
 * A reporter that ends a run with the names of all skipped tests and suites (their titles or notes give the reason), and
 * with one line of counts: `12 passed, 0 failed, 3 skipped`.
 */
export class ClosingLines implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()])
    const suites = modules.flatMap((module) => [...module.children.allSuites()])
    const passed = tests.filter((test) => test.result().state === 'passed').length
    // An error outside the tests of a module or suite fails the run without a failed test.
    const broken = [...modules, ...suites].filter((part) => part.errors().length > 0).length
    const failed = tests.filter((test) => test.result().state === 'failed').length + broken + unhandled.length
    const skipped = [
      ...tests.filter((test) => test.result().state === 'skipped').map(describeTest),
      ...suites.filter(isSkippedUnseen).map((suite) => `${suite.module.relativeModuleId}: ${suite.fullName}`),
    ]

    const counts = countBy(skipped)
    if (counts.size > 0) write('\nSkipped:')
    for (const [what, count] of counts) write(`  ${what}${count > 1 ? ` (${count} tests)` : ''}`)
    write(`\n${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ''}`)
  }
}

/** Lists only the outermost skipped suite instead of all its tests. */
function describeTest(test: TestCase): string {
  const path: TestSuite[] = []
  for (let at = test.parent; at.type === 'suite'; at = at.parent) path.unshift(at)
  const outermost = path.find((suite) => suite.options.mode === 'skip')
  const result = test.result()
  const note = result.state === 'skipped' && result.note !== undefined ? ` – ${result.note}` : ''
  return `${test.module.relativeModuleId}: ${outermost?.fullName ?? test.fullName}${note}`
}

/** Whether a suite was skipped before its tests were collected. */
function isSkippedUnseen(suite: TestSuite): boolean {
  return suite.options.mode === 'skip' && suite.children.size === 0
}

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

function write(line: string): void {
  process.stdout.write(`${line}\n`)
}
