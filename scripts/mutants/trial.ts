import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { createVitest, type Vitest } from 'vitest/node'
import { applied, type Mutant } from './mutations.ts'

export type Verdict = 'killed' | 'survived' | 'untested'

const MUTANT_SECONDS_MAX = 90
const FILES_AT_ONCE = 2

/** Runs tests over mutants. The fault exists in what the tests are served alone; no file is written. */
export async function openTrials() {
  let mutant: Mutant | undefined
  const open = () =>
    createVitest(
      // A worker of its own for each test file, and no cache on disk: both would keep the module without its fault.
      { watch: false, reporters: [{}], isolate: true, testTimeout: 15_000, update: 'none', fsModuleCache: false },
      {
        plugins: [
          {
            name: 'mutant',
            enforce: 'pre',
            load: (id) => (mutant && id === resolve(mutant.path) ? applied(read(mutant.path), mutant) : undefined),
          },
        ],
      },
    )
  let vitest: Vitest = await open()
  const close = () => vitest.close()
  /** Whether every test passes with the mutant in place, or without one. */
  const passes = async (tests: readonly string[], tried: Mutant | undefined) => {
    mutant = tried
    if (tried) vitest.invalidateFile(resolve(tried.path))
    const project = vitest.getRootProject()
    const run = vitest.runTestSpecifications(tests.map((test) => project.createSpecification(resolve(test))))
    const result = await within(MUTANT_SECONDS_MAX, run)
    mutant = undefined
    if (tried) vitest.invalidateFile(resolve(tried.path))
    if (result === undefined) {
      await within(10, vitest.cancelCurrentRun('test-failure').then(close))
      vitest = await open()
      return false
    }
    // The result holds the files of earlier runs too.
    const asked = new Set(tests.map((test) => resolve(test)))
    const ran = result.testModules.filter(({ moduleId }) => asked.has(moduleId))
    const isWhole = result.unhandledErrors.length === 0 && ran.length === asked.size
    return isWhole && ran.every((module) => module.ok())
  }
  const healthy = new Map<string, boolean>()
  const isHealthy = async (test: string) => {
    const known = healthy.get(test) ?? (await passes([test], undefined))
    healthy.set(test, known)
    return known
  }
  return {
    close,
    /** Runs the tests in their order until one fails. A test that fails without the mutant too says nothing. */
    async try(tried: Mutant, tests: readonly string[]): Promise<Verdict> {
      let asked = 0
      for (let from = 0; from < tests.length; from += FILES_AT_ONCE) {
        const some = tests.slice(from, from + FILES_AT_ONCE)
        if (await passes(some, tried)) {
          asked += some.length
          continue
        }
        const sound = []
        for (const test of some) if (await isHealthy(test)) sound.push(test)
        if (sound.length === some.length || (sound.length > 0 && !(await passes(sound, tried)))) return 'killed'
        asked += sound.length
      }
      return asked === 0 ? 'untested' : 'survived'
    },
  }
}

const read = (path: string) => readFileSync(path, 'utf8')

async function within<T>(seconds: number, work: Promise<T>): Promise<T | undefined> {
  const { promise, resolve: give } = Promise.withResolvers<undefined>()
  const timer = setTimeout(give, seconds * 1000, undefined)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
