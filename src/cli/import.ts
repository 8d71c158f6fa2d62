import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { Presets, SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { Failure } from '#kernel/failure'
import { REJECTION_HEADER, rejectedCount, rejectionLine, reportLines } from '../modules/customers/index.ts'
import type { ImportReport } from '../modules/customers/index.ts'
import { tenantContext, withApp } from './open.ts'
import type { OpenApp } from './open.ts'
import { print } from './output.ts'
import { stopRequest } from './stop-request.ts'

interface ImportCommandOptions {
  readonly tenant: string
  readonly map?: string
  readonly dryRun?: true
  readonly report: string
}

const DEMO_SEED = '20261120'

/** `plimsoll import <folder|files…>`. Ends with code 2 when rows were rejected. */
export function registerImport(program: Command, open: OpenApp): void {
  program
    .command('import')
    .argument('<paths...>', 'CSV files, or folders of them')
    .description('load customers and what they did from CSV files; running it again adds nothing twice')
    .requiredOption('--tenant <id>', 'the tenant to load into')
    .option('--map <file>', 'mapping (YAML), or the name of a shipped one; by default one is chosen by the headers')
    .option('--dry-run', 'do everything, report on every row, keep nothing')
    .option('--report <file>', 'where every rejected row is listed, as CSV', 'import-rejected.csv')
    .action((paths: string[], options: ImportCommandOptions) =>
      withApp(open, async (app) => {
        const ctx = await tenantContext(app, options.tenant, stopSignal())
        const rejected = rejectionFile(options.report)
        const progress = progressBar()
        try {
          const report = await app.customers.importPaths(ctx, paths, {
            ...(options.map !== undefined && { mapping: options.map }),
            dryRun: options.dryRun === true,
            onRejected: (rejection) => rejected.write(rejectionLine(rejection)),
            onProgress: progress.update,
          })
          progress.stop()
          await rejected.close()
          printReport(report, options.report)
        } finally {
          progress.stop()
          await rejected.close()
        }
      }),
    )
}

/** `plimsoll demo`. */
export function registerDemo(program: Command, open: OpenApp): void {
  program
    .command('demo')
    .description('fill a tenant with a made-up company of about 200 customers')
    .requiredOption('--tenant <id>', 'the tenant to fill')
    .option('--seed <number>', 'another number, another company', DEMO_SEED)
    .action(({ tenant, seed }: { tenant: string; seed: string }) =>
      withApp(open, async (app) => {
        const report = await app.customers.createDemo(await tenantContext(app, tenant, stopSignal()), {
          seed: Number.parseInt(seed, 10),
        })
        for (const line of reportLines(report)) print(line)
      }),
    )
}

/** Aborted when a stop is asked for, so that the server ends the statement at work too. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const abort = (signal: NodeJS.Signals) =>
    stop.abort(new Failure('cancelled', `Stopped by ${signal}. The same command goes on where this one ended.`))
  void stopRequest().asked.then(abort)
  return stop.signal
}

function printReport(report: ImportReport, file: string): void {
  for (const line of reportLines(report)) print(line)
  const rejected = report.steps.reduce((sum, step) => sum + rejectedCount(step), 0)
  if (rejected === 0) return
  print(`${rejected.toLocaleString('en-US')} rejected rows are listed in ${file}.`)
  process.exitCode = 2
}

/** The file appears with the first rejected row. Memory stays bounded: a full buffer is waited for. */
function rejectionFile(path: string) {
  let stream: ReturnType<typeof createWriteStream> | undefined
  const write = async (line: string) => {
    if (stream === undefined) {
      stream = createWriteStream(path)
      stream.write(`${REJECTION_HEADER}\n`)
    }
    if (!stream.write(`${line}\n`)) await once(stream, 'drain')
  }
  const close = async () => {
    if (stream === undefined || stream.writableEnded) return
    stream.end()
    await finished(stream)
  }
  return { write, close }
}

/** A bar a file, on a terminal only. */
function progressBar() {
  let current = ''
  const bar = new SingleBar(
    {
      format: '{file} → {entity} [{bar}] {percentage}% | {eta_formatted} left',
      noTTYOutput: false,
      clearOnComplete: true,
    },
    Presets.shades_classic,
  )
  const update = (progress: { file: string; entity: string; bytesDone: number; bytesTotal: number }) => {
    if (!process.stderr.isTTY) return
    const { file, entity, bytesDone, bytesTotal } = progress
    if (current !== `${file} ${entity}`) {
      bar.stop()
      bar.start(bytesTotal, 0, { file, entity })
      current = `${file} ${entity}`
    }
    bar.update(bytesDone, { file, entity })
  }
  return { update, stop: () => bar.stop() }
}
