// Puts small faults into the code, one at a time, and tells which of them no test notices.
// `npm run mutants -- src/modules/tasks/due.ts:40 --sample 50 --seed 7`; without files over the areas of `mutants/areas.ts`.
import { globSync, readFileSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { parseArgs } from 'node:util'
import { readTree } from '../test/architecture/tree.ts'
import { AREAS, LEFT_OUT } from './mutants/areas.ts'
import { type Mutant, mutantsOf } from './mutants/mutations.ts'
import { relatedTests } from './mutants/related-tests.ts'
import { openTrials } from './mutants/trial.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string' },
    seed: { type: 'string', default: '1' },
    tests: { type: 'string', default: '12' },
  },
})
const areas = positionals.length > 0 ? { given: chosen(positionals) } : allAreas()
const share = values.sample === undefined ? Infinity : Math.ceil(Number(values.sample) / Object.keys(areas).length)
const testsOf = relatedTests(readTree('.'), Number(values.tests))
const trials = await openTrials()
process.once('SIGINT', () => void trials.close().finally(() => process.exit(130)))

const lines: string[] = []
for (const [area, all] of Object.entries(areas)) {
  const mutants = sampled(all, share, Number(values.seed))
  let killed = 0
  for (const mutant of mutants) {
    const verdict = await trials.try(mutant, testsOf(mutant.path))
    if (verdict === 'killed') killed += 1
    else console.log(`${verdict}: ${told(mutant)}`)
  }
  lines.push(`${area}: ${killed} of ${mutants.length} killed (${Math.round((100 * killed) / mutants.length)} %)`)
  console.log(lines.at(-1))
}
await trials.close()
console.log(['', ...lines].join('\n'))
process.exit()

function allAreas(): Record<string, Mutant[]> {
  return Object.fromEntries(Object.entries(AREAS).map(([area, globs]) => [area, inFiles(globSync([...globs]))]))
}

function inFiles(paths: readonly string[]): Mutant[] {
  const tried = paths.filter((path) => !LEFT_OUT.some((glob) => matchesGlob(path, glob))).toSorted()
  return tried.flatMap((path) => mutantsOf(path, readFileSync(path, 'utf8')))
}

/** `path` or `path:line`. */
function chosen(given: readonly string[]): Mutant[] {
  return given.flatMap((one) => {
    const [path = '', line] = one.split(':')
    const mutants = mutantsOf(path, readFileSync(path, 'utf8'))
    return line === undefined ? mutants : mutants.filter((mutant) => mutant.line === Number(line))
  })
}

/** So many of them, the same for the same seed (a linear congruential generator, Numerical Recipes). */
function sampled(mutants: readonly Mutant[], count: number, seed: number): readonly Mutant[] {
  if (mutants.length <= count) return mutants
  let state = seed
  const next = () => (state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32)
  return mutants
    .map((mutant) => ({ mutant, place: next() }))
    .toSorted((a, b) => a.place - b.place)
    .slice(0, count)
    .map(({ mutant }) => mutant)
}

function told({ path, line, start, end, replacement }: Mutant): string {
  const was = readFileSync(path, 'utf8').slice(start, end).replaceAll(/\s+/g, ' ')
  return `${path}:${line} ${was.slice(0, 80)} -> ${replacement.slice(0, 80) || '(nothing)'}`
}
