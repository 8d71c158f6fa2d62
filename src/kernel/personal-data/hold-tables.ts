import type { Ctx } from '../context.ts'
import type { Person, PersonalData, PersonalDataOutcome, PersonFacts } from '../personal-data.ts'
import type { HeldTable } from './held-table.ts'
import { columnsOf, factsOf, furtherRefs } from './held-table.ts'
import type { Hit } from './sweep.ts'
import { sweep } from './sweep.ts'
import { useIndexLookups, tableStatements } from './table-statements.ts'

export interface HeldTables extends Pick<PersonalData, 'name' | 'describe' | 'cacheTags' | 'emails' | 'retention'> {
  readonly holds: readonly HeldTable[]
  /** What is kept of own rows, and the reason; part of every outcome with own rows. */
  readonly keeps?: { readonly what: string; readonly why: string }
  /** Whether own rows are read for further identifiers of the person. */
  readonly identifies?: boolean
}

/**
 * Makes a personal-data holder from table descriptions. Own rows are deleted or pseudonymised, and mentions in other
 * people's rows are replaced. Reads all the tenant's rows in these tables once.
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
          for (const { relation, was } of page)
            if (relation === 'own') facts.push(factsOf(table, was), { refs: furtherRefs(table, was) })
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
      await useIndexLookups(ctx, true)
      for await (const { statements, page } of hits(ctx, person)) {
        const gone = page.flatMap(({ was, is }) => (is === undefined ? [was] : []))
        await statements.remove(ctx, gone)
        const changed = page.flatMap(({ was, is }) => (is === undefined ? [] : [{ was, is }]))
        await statements.update(ctx, changed)
        count(tally, page)
      }
      await useIndexLookups(ctx, false)
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

/**
 * The exported form of a row: an own or deleted row in full, another person's row with its key and the texts that
 * mention the person.
 */
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
