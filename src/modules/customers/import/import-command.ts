import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { commandOf } from '#kernel/commands/command'
import type { CommandOutput } from '#kernel/commands/command'
import { Failure } from '#kernel/failure'
import { argument, option } from '#kernel/commands/command-values'
import type { Customers } from '../api.ts'
import { REJECTION_HEADER, rejectedCount, rejectionLine, reportLines } from './report.ts'
import type { ImportReport } from './report.ts'

/** The command `plimsoll import <folder|files…>`. Exits with code 2 when rows were rejected. */
export const importCommand = commandOf<Customers>()({
  name: 'import',
  describe: 'import customers and their activity from CSV files; repeating an import updates what has changed',
  arguments: { paths: argument.many('CSV files, or folders of them') },
  options: {
    tenant: option.optional('id', 'the tenant to import into; needed unless with --suggest'),
    map: option.optional(
      'file',
      'mapping file (YAML), or the name of a built-in mapping; default: chosen by the CSV headers',
    ),
    dryRun: option.flag('check every row and write the report, but store nothing'),
    suggest: option.flag('print a mapping for these files, to be reviewed and passed with --map; import nothing'),
    report: option.preset('file', 'CSV file for the rejected rows', 'import-rejected.csv'),
  },
  async run(open, { paths, tenant, map, dryRun, suggest, report: file }, output) {
    if (suggest) {
      const { suggestMapping } = await import('./suggest/suggest-mapping.ts')
      return output.print(await suggestMapping(paths, new AbortController().signal))
    }
    if (tenant === undefined) throw new Failure('invalid', 'Expected the tenant to import into, such as --tenant acme.')
    const { api, tenantContext, stopSignal } = await open()
    const ctx = await tenantContext(tenant, stopSignal())
    const rejected = rejectionFile(file)
    const progress = output.progress()
    try {
      const report = await api.importPaths(ctx, paths, {
        ...(map !== undefined && { mapping: map }),
        dryRun,
        onRejected: (rejection) => rejected.write(rejectionLine(rejection)),
        onProgress: ({ file: read, entity, bytesDone, bytesTotal }) =>
          progress.update({ label: `${read} → ${entity}`, done: bytesDone, total: bytesTotal }),
      })
      progress.stop()
      await rejected.close()
      return printReport(report, file, output)
    } finally {
      progress.stop()
      await rejected.close()
    }
  },
})

function printReport(report: ImportReport, file: string, { print }: CommandOutput): number {
  for (const line of reportLines(report)) print(line)
  const rejected = report.steps.reduce((sum, step) => sum + rejectedCount(step), 0)
  if (rejected === 0) return 0
  print(`${rejected.toLocaleString('en-US')} rejected rows are listed in ${file}.`)
  return 2
}

/**
 * Writes rejected rows to a file, which is created at the first one. Respects backpressure, so memory stays bounded.
 */
function rejectionFile(path: string) {
  let stream: ReturnType<typeof createWriteStream> | undefined
  const write = async (line: string) => {
    if (stream === undefined) {
      stream = createWriteStream(path, { mode: 0o600 })
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
