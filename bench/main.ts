// node bench/main.ts [name …] [--rounds 3] [--seconds 6] [--full] [--minutes 30] [--rate 50] [--tenants 1000] [--profile]
import { mkdtemp, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import type { Benchmark, BenchOptions, Section } from './benchmark.ts'
import { clientOverview } from './client-overview.ts'
import { eventIngestion } from './event-ingestion.ts'
import { healthRecompute } from './health-recompute.ts'
import { describeMachine } from './machine.ts'
import { neighbours } from './neighbours.ts'
import { markdown, save } from './report.ts'
import { rollUpOfImport } from './roll-up.ts'
import { soak } from './soak.ts'
import { tasks } from './tasks.ts'
import { tenants } from './tenants.ts'
import { toolsCall } from './tools-call.ts'
import { toolsList } from './tools-list.ts'
import { writePath } from './write-path.ts'

const benchmarks: readonly Benchmark[] = [
  toolsCall,
  toolsList,
  clientOverview,
  healthRecompute,
  eventIngestion,
  rollUpOfImport,
  writePath,
  tasks,
  tenants,
  neighbours,
  soak,
]
const RESULTS = path.join(import.meta.dirname, 'results')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    'warm-up': { type: 'string', default: '2' },
    minutes: { type: 'string', default: '30' },
    rate: { type: 'string', default: '50' },
    tenants: { type: 'string', default: '1000' },
    full: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
})
const chosen = positionals.length === 0 ? unnamed() : positionals.map(find)

const machine = describeMachine(new Date())
const sections: Section[] = []
for (const benchmark of chosen) sections.push(await runOne(benchmark))
const text = markdown(machine, sections)
const name = `${new Date().toISOString().replaceAll(/[:.]/g, '-')}-${positionals.join('-') || 'all'}`
const file = await save(RESULTS, name, text, sections)
process.stdout.write(`\n${text}\nwritten to ${path.relative(process.cwd(), file)}\n`)

async function runOne(benchmark: Benchmark): Promise<Section> {
  process.stderr.write(`\n${benchmark.name}: ${benchmark.describe}\n`)
  const scratchDir = await mkdtemp(path.join(os.tmpdir(), 'plimsoll-bench-'))
  try {
    return await benchmark.run(optionsIn(scratchDir))
  } finally {
    await rm(scratchDir, { recursive: true, force: true })
  }
}

function optionsIn(scratchDir: string): BenchOptions {
  return {
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    warmUpSeconds: Number(values['warm-up']),
    full: values.full,
    minutes: Number(values.minutes),
    callsPerSecond: Number(values.rate),
    tenants: Number(values.tenants),
    profileDir: values.profile ? path.join(RESULTS, 'profiles') : undefined,
    scratchDir,
    tell: (line) => process.stderr.write(`  ${line}\n`),
  }
}

/** The benchmarks that run when none is named: all, but the soak only with `--full`. */
function unnamed(): readonly Benchmark[] {
  return benchmarks.filter((benchmark) => values.full || benchmark !== soak)
}

function find(wanted: string): Benchmark {
  const found = benchmarks.find((benchmark) => benchmark.name === wanted)
  if (found === undefined)
    throw new Error(`no benchmark ${wanted}; there are ${benchmarks.map((b) => b.name).join(', ')}`)
  return found
}
