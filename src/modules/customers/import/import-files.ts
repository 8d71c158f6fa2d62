import { createHash } from 'node:crypto'
import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import { compileStep } from './import-step.ts'
import type { ReadBatch, Step } from './import-step.ts'
import { inspectFile } from './inspect-file.ts'
import type { InspectedFile } from './inspect-file.ts'
import { chooseMapping, filesOf } from './choose-mapping.ts'
import type { Mapping } from './mapping.ts'
import { stepReport } from './report.ts'
import type { ImportReport, Rejection, StepReport, StepTally } from './report.ts'
import { prepareMonths, saveBatch } from './save-batch.ts'
import type { SavedBatch } from './save-batch.ts'
import type { CsvSource } from './source.ts'
import { findCheckpoint, forgetCheckpoints, saveCheckpoint } from './store.ts'
import type { Checkpoint } from './store.ts'

export interface ImportOptions {
  /** Absent: chosen by the headers of the files. */
  readonly mapping?: Mapping
  /** Does everything, the writing too, and takes it back. */
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
 * Imports CSV files in the order the mapping gives. A row that is stored already (by natural key) is not stored again,
 * so a second run adds nothing. Every batch is one transaction with its audit row and a checkpoint: after a crash the
 * same call goes on where it stopped. Throws `Failure('invalid')` before anything is stored when a file or the mapping
 * cannot be used; a single wrong row is rejected, told to `onRejected`, and the rest goes on.
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
  const steps = loads.map(({ load, file }) => compileStep(load, file))
  const run = (inside: Ctx, save: SaveBatch) => runSteps(inside, mapping, steps, save, options)
  const reports = options.dryRun === true ? await dryRun(ctx, run) : await run(ctx, saveInChange)
  if (options.dryRun !== true) await finishImport(ctx, { mapping, steps })
  return {
    mapping: mapping.name,
    dryRun: options.dryRun === true,
    steps: reports,
    unusedFiles: unused.map(({ name }) => name),
  }
}

interface BatchToSave {
  readonly mapping: Mapping
  readonly step: Step
  readonly batch: ReadBatch
  readonly before: Checkpoint
}

interface BatchResult {
  readonly saved: SavedBatch
  readonly checkpoint: Checkpoint
}

type SaveBatch = (ctx: Ctx, input: BatchToSave) => Promise<BatchResult>

const saveInChange: SaveBatch = change<BatchToSave, BatchResult>(
  'customers.import-batch',
  'customers:write',
  async (ctx, input) => {
    const done = await saveWithCheckpoint(ctx, input)
    const { mapping, step, batch } = input
    return {
      result: done,
      subject: `${mapping.name}/${step.file.name}`,
      after: {
        entity: step.load.entity,
        file_sha256: step.file.sha256,
        rows_done: batch.rowsDone,
        inserted: done.saved.inserted,
        updated: done.saved.updated,
        rejected: batch.rejected.length + done.saved.refused.length,
      },
      invalidates: ['customers'],
    }
  },
)

async function saveWithCheckpoint(ctx: Ctx, { mapping, step, batch, before }: BatchToSave): Promise<BatchResult> {
  const saved = await saveBatch(ctx, mapping.name, step.load, batch.taken)
  const checkpoint = {
    rows_done: batch.rowsDone,
    rows_inserted: before.rows_inserted + saved.inserted,
    rows_updated: before.rows_updated + saved.updated,
  }
  await saveCheckpoint(ctx, mapping.name, stepHash(mapping, step), checkpoint)
  return { saved, checkpoint }
}

async function runSteps(
  ctx: Ctx,
  mapping: Mapping,
  steps: readonly Step[],
  save: SaveBatch,
  options: ImportOptions,
): Promise<StepReport[]> {
  const reports: StepReport[] = []
  for (const step of steps) reports.push(await runStep(ctx, mapping, step, save, options))
  return reports
}

async function runStep(
  ctx: Ctx,
  mapping: Mapping,
  step: Step,
  save: SaveBatch,
  options: ImportOptions,
): Promise<StepReport> {
  const resumed = await findCheckpoint(ctx, mapping.name, stepHash(mapping, step))
  let done = resumed
  const tally: StepTally = { taken: 0, read: 0, passedOver: 0, flags: new Map(), rejections: new Map() }
  const batches = step.read(ctx, ROWS_PER_BATCH)
  for await (const batch of save === saveInChange ? readAhead(batches) : batches) {
    const result =
      batch.rowsDone <= resumed.rows_done ? undefined : await saveNew(ctx, mapping, step, batch, done, save)
    if (result !== undefined) done = result.checkpoint
    const refused = (result?.saved.refused ?? []).map(({ row, problem }) => ({ line: row.line, problem }))
    addToTally(tally, batch, refused.length)
    for (const { line, problem } of [...batch.rejected, ...refused]) {
      tally.rejections.set(problem.reason, (tally.rejections.get(problem.reason) ?? 0) + 1)
      await options.onRejected?.({ file: step.file.name, entity: step.load.entity, line, ...problem })
    }
    options.onProgress?.({
      file: step.file.name,
      entity: step.load.entity,
      bytesDone: batch.bytes,
      bytesTotal: step.file.bytes,
    })
  }
  return stepReport(step, tally, done, resumed)
}

/** Reads the next batch while this one is being stored. Not in a dry run, where both would share one transaction. */
async function* readAhead<T>(items: AsyncGenerator<T>): AsyncGenerator<T> {
  for (let next = items.next(); ; ) {
    const item = await next
    if (item.done === true) return
    next = items.next()
    // Heard when it is awaited; until then it must not count as unhandled.
    next.catch(() => undefined)
    yield item.value
  }
}

async function saveNew(
  ctx: Ctx,
  mapping: Mapping,
  step: Step,
  batch: ReadBatch,
  before: Checkpoint,
  save: SaveBatch,
): Promise<BatchResult> {
  if (save === saveInChange) await prepareMonths(ctx, step.load, batch.taken)
  return save(ctx, { mapping, step, batch, before })
}

function addToTally(tally: StepTally, batch: ReadBatch, refused: number): void {
  tally.read += batch.taken.length + batch.rejected.length + batch.passedOver
  tally.taken += batch.taken.length - refused
  tally.passedOver += batch.passedOver
  for (const [name, count] of batch.flags) tally.flags.set(name, (tally.flags.get(name) ?? 0) + count)
}

/** The same step over the same bytes: a checkpoint counts for nothing else. */
function stepHash(mapping: Mapping, { load, file }: Step): string {
  return createHash('sha256')
    .update(JSON.stringify([mapping.name, ROWS_PER_BATCH, load, file.sha256]))
    .digest('hex')
}

const finishImport = change<{ mapping: Mapping; steps: readonly Step[] }, void>(
  'customers.import-finish',
  'customers:write',
  async (ctx, { mapping, steps }) => {
    await forgetCheckpoints(
      ctx,
      mapping.name,
      steps.map((step) => stepHash(mapping, step)),
    )
    const files = steps.map(({ file, load }) => ({ file: file.name, sha256: file.sha256, entity: load.entity }))
    return { result: undefined, subject: mapping.name, after: { files }, invalidates: ['customers'] }
  },
)

/** Ends the transaction of a dry run: it carries the reports out and takes everything else back. */
class DryRunDone extends Error {
  readonly reports: readonly StepReport[]
  constructor(reports: readonly StepReport[]) {
    super('a dry run is taken back')
    this.reports = reports
  }
}

async function dryRun(
  ctx: Ctx,
  run: (inside: Ctx, save: SaveBatch) => Promise<StepReport[]>,
): Promise<readonly StepReport[]> {
  const attempt = change<undefined, never>('customers.import-dry-run', 'customers:write', async (inside) => {
    throw new DryRunDone(await run(inside, saveWithCheckpoint))
  })
  try {
    return await attempt(ctx, undefined)
  } catch (error) {
    if (error instanceof DryRunDone) return error.reports
    throw error
  }
}
