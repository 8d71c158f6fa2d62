import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { change } from '#kernel/writes/change'
import { customerTags } from '../record/cache-tags.ts'
import { analyzeTables } from '../record/store/analyze-tables.ts'
import { compileStep } from './import-step.ts'
import type { ReadBatch, RejectedRow, Step } from './import-step.ts'
import { inspectFile } from './inspect-file.ts'
import type { InspectedFile } from './inspect-file.ts'
import { chooseMapping, filesOf } from './choose-mapping.ts'
import type { IsRejected } from './lookups.ts'
import type { Load, Mapping } from './mapping.ts'
import type { CsvRow } from './read-csv.ts'
import type { RowProblem } from './row-problem.ts'
import { stepReport } from './report.ts'
import type { ImportReport, Rejection, StepReport } from './report.ts'
import { prepareMonths, saveBatch } from './save-batch.ts'
import type { SavedBatch } from './save-batch.ts'
import { seenValues } from './seen-values.ts'
import type { SeenValues } from './seen-values.ts'
import type { CsvSource } from './source.ts'
import { findCheckpoint, deleteCheckpoints, saveCheckpoint } from './store.ts'
import type { Checkpoint } from './store.ts'
import { updatedFields } from './updated-fields.ts'
import { addToTally, emptyTally } from './tally.ts'
import { unusedColumns } from './unused-columns.ts'
import { entities } from './entities.ts'
import type { EntityName } from './entities.ts'

export interface ImportOptions {
  /** Chosen by the files' headers if absent. */
  readonly mapping?: Mapping
  /** Performs the whole import, including the writes, and rolls it back. */
  readonly dryRun?: boolean
  readonly onRejected?: (rejection: Rejection) => Promise<void> | void
  readonly onProgress?: (progress: Progress) => void
}

export interface Progress {
  readonly file: string
  readonly entity: string
  readonly bytesDone: number
  readonly bytesTotal: number
}

const ROWS_PER_BATCH = 5000

/**
 * Imports CSV files in mapping order. A row whose natural key is stored already is updated in the fields that the file
 * owns; a second run with the same files changes nothing. Each batch is one transaction with its audit row and a checkpoint; after a crash the same call resumes
 * there. Throws `Failure('invalid')` before storing anything if a file or the mapping is unusable; a single invalid row
 * is rejected, passed to `onRejected`, and the import continues.
 */
export async function importFiles(
  ctx: Ctx,
  sources: readonly CsvSource[],
  options: ImportOptions = {},
): Promise<ImportReport> {
  const files: InspectedFile[] = []
  for (const source of sources) files.push(await inspectFile(source, ctx.signal))
  const mapping = options.mapping ?? chooseMapping(files)
  const { loads, unused } = filesOf(mapping, files)
  const steps = loads.map(({ load, file }) =>
    compileStep(load, file, { updates: updatedFields(mapping, load), soughtBy: soughtBy(mapping, load) }),
  )
  const run = { mapping, steps, options, rejectedRows: new Map<EntityName, SeenValues>() }
  const reports = options.dryRun === true ? await dryRun(ctx, run) : await runSteps(ctx, run)
  if (options.dryRun !== true) await finishImport(ctx, run)
  return {
    mapping: mapping.name,
    dryRun: options.dryRun === true,
    steps: reports,
    files: [...new Set(loads.map(({ file }) => file))].map((file) => ({
      name: file.name,
      format: file.format,
      unusedColumns: unusedColumns(
        file.columns,
        new Set(steps.filter((step) => step.file === file).flatMap((step) => [...step.columns])),
        loads.filter((load) => load.file === file).flatMap(({ readable }) => readable),
      ),
    })),
    unusedFiles: unused.map(({ name }) => name),
  }
}

/** The state of a running import: the caller's options and the counts so far. */
interface Run {
  readonly mapping: Mapping
  readonly steps: readonly Step[]
  readonly options: ImportOptions
  /** The identities of rejected rows, so that rows that belong to them are counted apart. */
  readonly rejectedRows: Map<EntityName, SeenValues>
}

const OfRun = z.object({ mapping: z.custom<Mapping>(), steps: z.custom<readonly Step[]>() })

interface BatchResult {
  readonly saved: SavedBatch
  readonly checkpoint: Checkpoint
}

const saveInChange = change({
  action: 'customers.import-batch',
  scope: 'customers:write',
  effect: 'update',
  input: z.object({
    mapping: z.custom<Mapping>(),
    step: z.custom<Step>(),
    batch: z.custom<ReadBatch>(),
    before: z.custom<Checkpoint>(),
  }),
  output: z.custom<BatchResult>(),
  async work(ctx, { mapping, step, batch, before }) {
    const saved = await saveBatch(ctx, mapping.name, step, batch.accepted)
    const checkpoint = {
      rows_done: batch.rowsDone,
      rows_inserted: before.rows_inserted + saved.inserted,
      rows_updated: before.rows_updated + saved.updated.length,
    }
    await saveCheckpoint(ctx, mapping.name, stepHash(mapping, step), checkpoint)
    return {
      result: { saved, checkpoint },
      subject: `${mapping.name}/${step.file.name}`,
      after: {
        entity: step.load.entity,
        file_sha256: step.file.sha256,
        rows_done: batch.rowsDone,
        inserted: saved.inserted,
        updated: saved.updated.length,
        rejected: batch.rejected.length + saved.refused.length,
      },
      invalidates: [customerTags.all],
    }
  },
})

/** A dry run: stores everything in one transaction and rolls it back. */
const dryRun = change({
  action: 'customers.import-dry-run',
  scope: 'customers:write',
  effect: 'update',
  input: OfRun.extend({
    options: z.custom<ImportOptions>(),
    rejectedRows: z.custom<Map<EntityName, SeenValues>>(),
  }),
  output: z.custom<readonly StepReport[]>(),
  calls: [saveInChange],
  work: async (ctx, run) => ({ result: await runSteps(ctx, run), rollback: true }),
})

async function runSteps(ctx: Ctx, run: Run): Promise<StepReport[]> {
  const reports: StepReport[] = []
  for (const step of run.steps) reports.push(await runStep(ctx, run, step))
  return reports
}

async function runStep(ctx: Ctx, { mapping, options, rejectedRows }: Run, step: Step): Promise<StepReport> {
  const { entity } = step.load
  const resumed = await findCheckpoint(ctx, mapping.name, stepHash(mapping, step))
  let done = resumed
  const tally = emptyTally()
  const rejectedHere = rejectedRows.get(entity) ?? seenValues()
  rejectedRows.set(entity, rejectedHere)
  const isRejected: IsRejected = (of, identity) => rejectedRows.get(of)?.has(identity) === true
  const batches = step.read(ctx, ROWS_PER_BATCH, isRejected)
  const isDry = options.dryRun === true
  for await (const batch of isDry ? batches : readAhead(batches)) {
    const isNew = batch.rowsDone > resumed.rows_done
    if (isNew && !isDry) await prepareMonths(ctx, step.load, batch.accepted)
    const result = isNew ? await saveInChange(ctx, { mapping, step, batch, before: done }) : undefined
    if (result !== undefined) done = result.checkpoint
    const refused = (result?.saved.refused ?? []).map(({ row, problem }) => refusedRow(step, row, problem))
    const rejected = [...batch.rejected, ...refused]
    addToTally(tally, { ...batch, rejected }, refused.length)
    for (const { line, identities, problems } of rejected) {
      for (const identity of identities) rejectedHere.seenBefore(identity)
      for (const problem of problems) await options.onRejected?.({ file: step.file.name, entity, line, ...problem })
    }
    options.onProgress?.({ file: step.file.name, entity, bytesDone: batch.bytes, bytesTotal: step.file.bytes })
  }
  if (!isDry && done.rows_done - resumed.rows_done >= ROWS_PER_BATCH) await analyzeTables(ctx, [entities[entity].table])
  return stepReport(step, tally, done, resumed)
}

function refusedRow({ identities }: Step, row: CsvRow, problem: RowProblem): RejectedRow {
  return { line: row.line, identities: identities(row), problems: [problem] }
}

/** The fields by which lookups of the mapping find rows of the load's entity. */
function soughtBy({ loads }: Mapping, { entity }: Load): string[] {
  const lookups = loads.flatMap((load) => Object.values(load.lookups))
  return lookups.flatMap((lookup) => (lookup.entity === entity ? (lookup.by ?? []) : []))
}

/**
 * Prefetches the next batch while the current one is being stored. Not for a dry run, in which both would share one
 * transaction.
 */
async function* readAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  for (let next = items.next(); ; ) {
    const item = await next
    if (item.done === true) return
    next = items.next()
    // A rejection surfaces when the promise is awaited; until then it must not count as unhandled.
    next.catch(() => undefined)
    yield item.value
  }
}

/** The identity of a step: its load and the bytes of its file. A checkpoint is valid only for the same hash. */
function stepHash(mapping: Mapping, { load, file }: Step): string {
  return createHash('sha256')
    .update(JSON.stringify([mapping.name, ROWS_PER_BATCH, load, file.sha256]))
    .digest('hex')
}

const finishImport = change({
  action: 'customers.import-finish',
  scope: 'customers:write',
  effect: 'update',
  input: OfRun,
  output: z.undefined(),
  async work(ctx, { mapping, steps }) {
    const hashes = steps.map((step) => stepHash(mapping, step))
    await deleteCheckpoints(ctx, mapping.name, hashes)
    const files = steps.map(({ file, load }) => ({ file: file.name, sha256: file.sha256, entity: load.entity }))
    return { result: undefined, subject: mapping.name, after: { files }, invalidates: [customerTags.all] }
  },
})
