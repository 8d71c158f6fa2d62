import { writeAudit } from '#kernel/audit'
import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { ItemError } from './contract.ts'
import { requirePerson } from './person.ts'
import { viewedAt } from './relative-due.ts'
import type { Viewed } from './relative-due.ts'
import { timeZoneOf } from './store/people.ts'
import { findTasks } from './store/tasks.ts'
import type { TaskRow } from './store/tasks.ts'
import { auditEntries, openToDoList, rememberForUndo, subjectOf } from './to-do-list.ts'
import type { ToDoList } from './to-do-list.ts'
import { ZONE_DEFAULT } from './zone.ts'

/** What was done to one task, by numbers alone: it is kept for a repeated call, and a person's text is not. */
export interface Done {
  readonly id: number
  readonly status: string
  readonly extra?: Readonly<Record<string, number | boolean | string | readonly number[]>>
}

export type Outcome = { readonly done: Done } | { readonly error: ItemError }

/** The call as every writing verb takes it; `input` tells one call from another under one idempotency key. */
export interface Write<Item> {
  readonly action: `tasks.${string}`
  readonly input: unknown
  readonly idempotencyKey: string | undefined
  readonly timeZone: string | undefined
  readonly items: readonly Item[] | ((list: ToDoList) => Promise<readonly Item[]>)
  /** Of several items, one that is refused does not stop the others. */
  readonly isBatch: boolean
  /** Refuses with a `Failure` before it writes anything. */
  readonly work: (list: ToDoList, item: Item) => Promise<Done>
}

export interface Written extends Viewed {
  readonly outcomes: readonly Outcome[]
  /** The tasks that the call wrote or looked at, as they are now, and the deleted ones as they were. */
  readonly rows: ReadonlyMap<number, TaskRow>
}

/**
 * Every write of tasks: for a person, in one transaction, locked, audited task by task, and kept for undo. A call
 * repeated with its idempotency key changes nothing and answers with the tasks as they are. When every item of a batch is
 * refused nothing is kept.
 */
export async function writeTasks<Item>(ctx: Ctx, write: Write<Item>): Promise<Written> {
  const userId = requirePerson(ctx)
  const rows = new Map<number, TaskRow>()
  const key = write.idempotencyKey
  let zone: string | undefined
  const run = change<unknown, readonly Outcome[]>(
    write.action,
    'tasks:write',
    async (inside) => {
      rows.clear()
      const list = await openToDoList(inside, userId, write.timeZone)
      zone = list.zone
      const outcomes = await eachItem(list, write)
      if (outcomes.every((outcome) => 'error' in outcome)) throw new NothingDone(outcomes)
      for (const [id, { before, after }] of list.touched) {
        const row = after ?? before
        if (row !== null) rows.set(id, row)
      }
      await rememberForUndo(list, write.action)
      const [first, ...others] = auditEntries(list, write.action)
      await writeAudit(inside, ...others)
      return { result: outcomes, ...(first ?? { subject: subjectsOf(userId, outcomes) }) }
    },
    // Keys belong to the person: what somebody else of the tenant did under the same word is another call.
    { idempotencyKey: () => (key === undefined ? undefined : `${userId}:${key}`) },
  )
  const outcomes = await run(ctx, write.input).catch(outcomesOfNothing)
  const told = outcomes.flatMap((outcome) => ('done' in outcome ? idsOf(outcome.done) : []))
  const missing = told.filter((id) => !rows.has(id))
  if (missing.length > 0) for (const row of await findTasks(ctx, userId, missing)) rows.set(row.task_id, row)
  const seenFrom = zone ?? (await zoneOf(ctx, userId, write.timeZone))
  return { outcomes, rows, ...viewedAt(ctx.clock(), seenFrom) }
}

/** The zone of a call: its own, else the last used in a write, else UTC. */
export async function zoneOf(ctx: Ctx, userId: string, given: string | undefined): Promise<string> {
  return given ?? (await timeZoneOf(ctx, userId)) ?? ZONE_DEFAULT
}

async function eachItem<Item>(list: ToDoList, { items, isBatch, work }: Write<Item>): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const item of typeof items === 'function' ? await items(list) : items) {
    try {
      outcomes.push({ done: await work(list, item) })
    } catch (error) {
      // Safe to go on: such a refusal comes before the item has written anything, and the transaction is whole.
      if (!isBatch || !isRefusal(error)) throw error
      const { code, message, problems } = error
      const shown = problems.map((problem) => ({ ...problem }))
      outcomes.push({ error: { code, message, ...(shown.length > 0 && { problems: shown }) } })
    }
  }
  return outcomes
}

function isRefusal(error: unknown): error is Failure {
  return error instanceof Failure && ['invalid', 'not_found', 'conflict'].includes(error.kind)
}

/** Rolls the transaction back when there is nothing to keep. */
class NothingDone extends Error {
  readonly outcomes: readonly Outcome[]

  constructor(outcomes: readonly Outcome[]) {
    super('every item was refused')
    this.outcomes = outcomes
  }
}

function outcomesOfNothing(error: unknown): readonly Outcome[] {
  if (error instanceof NothingDone) return error.outcomes
  throw error
}

/** The task, and the one that it left to be done next. */
function idsOf({ id, extra }: Done): number[] {
  const next = extra?.['next_task_id']
  return typeof next === 'number' ? [id, next] : [id]
}

const subjectsOf = (userId: string, outcomes: readonly Outcome[]) =>
  outcomes.flatMap((outcome) => ('done' in outcome ? [subjectOf(userId, outcome.done.id)] : [])).join(' ')
