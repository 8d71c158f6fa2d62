import type { Ctx } from '../context.ts'
import type { Person, PersonalData, PersonalDataOutcome, PersonFacts } from '../personal-data.ts'
import type { HeldTable } from './held-table.ts'
import { columnsOf, factsOf } from './held-table.ts'
import type { Hit } from './sweep.ts'
import { sweep } from './sweep.ts'
import { lookRowsUp, tableStatements } from './table-statements.ts'

export interface HeldTables extends Pick<PersonalData, 'name' | 'describe' | 'cacheTags' | 'emails' | 'retention'> {
  readonly holds: readonly HeldTable[]
  /** What stays of the person's own rows, and why: told with every outcome in which there are any. */
  readonly keeps?: { readonly what: string; readonly why: string }
  /** Whose own rows tell more of the person. Absent: nobody asks them. */
  readonly identifies?: boolean
}

/**
 * Holds personal data as its tables are described: own rows are deleted or pseudonymised, and whatever text of others
 * mentions the person is scrubbed. Costs one read of the tenant's rows in these tables.
 */
export function holdTables(described: HeldTables): PersonalData {
  const { name, describe, cacheTags, emails, retention, holds, keeps, identifies = false } = described
  const tables = holds.map((table) => ({ table, statements: tableStatements(table) }))

  async function* hits(ctx: Ctx, person: Person) {
    for (const { table, statements } of tables) {
      for await (const page of sweep(ctx, table, statements, person)) yield { table, statements, page }
    }
  }

  return {
    name,
    describe,
    tables: holds.map(({ table }) => table),
    ...(cacheTags !== undefined && { cacheTags }),
    ...(emails !== undefined && { emails }),
    ...(retention !== undefined && { retention }),
    ...(identifies && {
      identify: async (ctx: Ctx, person: Person) => {
        const facts: PersonFacts[] = []
        for await (const { table, page } of hits(ctx, person)) {
          for (const { relation, was } of page) if (relation === 'own') facts.push(factsOf(table, was))
        }
        return together(facts)
      },
    }),
    export: async (ctx, person) => {
      const rows: Readonly<Record<string, unknown>>[] = []
      for await (const { table, page } of hits(ctx, person)) rows.push(...page.map((hit) => shown(table, hit)))
      return rows
    },
    preview: async (ctx, person) => {
      const tally = { erased: 0, own: 0, mentioned: 0 }
      for await (const { page } of hits(ctx, person)) count(tally, page)
      return outcomeOf(tally, keeps)
    },
    erase: async (ctx, person) => {
      const tally = { erased: 0, own: 0, mentioned: 0 }
      await lookRowsUp(ctx, true)
      for await (const { statements, page } of hits(ctx, person)) {
        const gone = page.flatMap(({ was, is }) => (is === undefined ? [was] : []))
        await statements.remove(ctx, gone)
        const changed = page.flatMap(({ was, is }) => (is === undefined ? [] : [{ was, is }]))
        await statements.update(ctx, changed)
        count(tally, page)
      }
      await lookRowsUp(ctx, false)
      return outcomeOf(tally, keeps)
    },
  }
}

interface Tally {
  erased: number
  own: number
  mentioned: number
}

function count(tally: Tally, hits: readonly Hit[]): void {
  for (const { relation, is } of hits) {
    if (is === undefined) tally.erased++
    else tally[relation]++
  }
}

function outcomeOf({ erased, own, mentioned }: Tally, keeps: HeldTables['keeps']): PersonalDataOutcome {
  const kept = keeps !== undefined && own > 0 ? [{ ...keeps, count: own }] : []
  return { erased, pseudonymised: own, scrubbed: mentioned, kept }
}

/** A row that is theirs, or that goes; of another's row its key and the text that mentions the person. */
function shown(table: HeldTable, { relation, was, is, whole }: Hit): Readonly<Record<string, unknown>> {
  const pick = (columns: readonly string[]) => Object.fromEntries(columns.map((column) => [column, whole[column]]))
  if (relation === 'own' || is === undefined) {
    return { table: table.table, relation, ...(table.shows ? pick(table.shows) : whole) }
  }
  const mentioning = columnsOf(table).filter((column) => column in table.key || is[column] !== was[column])
  return { table: table.table, relation, ...pick(mentioning) }
}

function together(facts: readonly PersonFacts[]): PersonFacts {
  return {
    emails: facts.flatMap(({ emails = [] }) => [...emails]),
    phones: facts.flatMap(({ phones = [] }) => [...phones]),
    names: facts.flatMap(({ names = [] }) => [...names]),
    refs: facts.flatMap(({ refs = [] }) => [...refs]),
  }
}
