import { DatabaseError } from 'pg'
import type { Ctx } from '#kernel/context'
import type { WriteCtx } from '#kernel/writes/change'
import { dayOf } from '../record/days.ts'
import { createUsagePartitions, markUsageDays } from '../events/imported-usage.ts'
import type { Load } from './mapping.ts'
import type { CsvRow } from './read-csv.ts'
import type { RowProblem } from './row-problem.ts'
import type { Value } from './read-value.ts'
import { deriveContractValue, moveStagesToStatus, saveRows, withinSavepoint } from './store.ts'
import type { Saved } from './store.ts'

/** An accepted row: its line in the file and its values in the order of the load's fields. */
export interface AcceptedRow {
  readonly row: CsvRow
  readonly values: readonly Value[]
}

/** A load, and the fields that are updated in rows that are stored already. */
export interface SavedLoad {
  readonly load: Load
  readonly updates: readonly string[]
}

export interface SavedBatch extends Saved {
  readonly refused: readonly { readonly row: CsvRow; readonly problem: RowProblem }[]
}

/**
 * Stores a batch in the open transaction, marks its days for roll-up and updates derived values. A row that the
 * database refuses is isolated by bisection; the rest of the batch is stored.
 */
export async function saveBatch(
  ctx: WriteCtx,
  source: string,
  step: SavedLoad,
  rows: readonly AcceptedRow[],
): Promise<SavedBatch> {
  const { load } = step
  const saved = await saveOrBisect(ctx, source, step, rows)
  const clientIds = fieldOf(load, rows, 'client_id')
  if (load.entity === 'usage_event' && saved.inserted > 0) {
    await markUsageDays(ctx, clientIds, fieldOf(load, rows, 'occurred_at'))
  }
  if (load.entity === 'customer' && step.updates.includes('status'))
    await moveStagesToStatus(ctx, saved.updated, dayOf(ctx.clock()))
  if (load.derive_contract_value) await deriveContractValue(ctx, [...new Set(clientIds)], dayOf(ctx.clock()))
  return saved
}

/**
 * Creates the monthly partitions a batch of usage needs, in a transaction of its own, because it briefly locks the
 * whole table.
 */
export async function prepareMonths(ctx: Ctx, load: Load, rows: readonly AcceptedRow[]): Promise<void> {
  if (load.entity !== 'usage_event') return
  await createUsagePartitions(ctx, fieldOf(load, rows, 'occurred_at'))
}

function fieldOf(load: Load, rows: readonly AcceptedRow[], field: string): string[] {
  const index = Object.keys(load.fields).indexOf(field)
  return rows.map(({ values }) => String(values[index]))
}

async function saveOrBisect(
  ctx: WriteCtx,
  source: string,
  step: SavedLoad,
  rows: readonly AcceptedRow[],
): Promise<SavedBatch> {
  const [first] = rows
  if (first === undefined) return { inserted: 0, updated: [], refused: [] }
  try {
    const saved = await withinSavepoint(ctx, () =>
      saveRows(
        ctx,
        source,
        step,
        rows.map(({ values }) => values),
      ),
    )
    return { ...saved, refused: [] }
  } catch (error) {
    if (!isRefusal(error)) throw error
    if (rows.length === 1) return { inserted: 0, updated: [], refused: [{ row: first.row, problem: refusal(error) }] }
    const middle = rows.length >> 1
    const left = await saveOrBisect(ctx, source, step, rows.slice(0, middle))
    const right = await saveOrBisect(ctx, source, step, rows.slice(middle))
    return {
      inserted: left.inserted + right.inserted,
      updated: [...left.updated, ...right.updated],
      refused: [...left.refused, ...right.refused],
    }
  }
}

/** True for SQLSTATE class 22 (invalid value) and 23 (constraint violation), the errors a row can cause. */
function isRefusal(error: unknown): error is DatabaseError {
  return error instanceof DatabaseError && /^2[23]/.test(error.code ?? '')
}

function refusal(error: DatabaseError): RowProblem {
  return {
    reason: 'refused_by_database',
    column: error.column ?? '',
    value: '',
    expected: error.constraint === undefined ? error.message : `a row that satisfies ${error.constraint}`,
  }
}
