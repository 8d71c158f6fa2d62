import { createHash } from 'node:crypto'
import type { Ctx } from '../context.ts'
import type { Person } from '../personal-data.ts'
import type { HeldRow, HeldTable } from './held-table.ts'
import { columnsOf, factsOf } from './held-table.ts'
import type { Mentions } from './mentions.ts'
import { mentionsOf } from './mentions.ts'
import { idsOf, personOf, phoneCore } from './person.ts'
import type { FoundRow, Place, tableStatements, Wanted } from './table-statements.ts'
import { firstPlace } from './table-statements.ts'

/** A row about the person or mentioning them, and its state after erasure. */
export interface Hit {
  readonly relation: 'own' | 'mentioned'
  readonly was: HeldRow
  /** Undefined: the row is deleted. */
  readonly is: HeldRow | undefined
  /** Every column, as JSON. */
  readonly whole: Readonly<Record<string, unknown>>
}

const ROWS_A_PAGE = 10_000

/** Reads a tenant's rows of a table in key order, page by page, and yields those about the person. */
export async function* sweep(
  ctx: Ctx,
  table: HeldTable,
  statements: ReturnType<typeof tableStatements>,
  person: Person,
): AsyncGenerator<readonly Hit[]> {
  const mentions = mentionsOf(person)
  const wanted = wantedOf(table, person, mentions)
  for (let from: Place | undefined = firstPlace(table); from !== undefined; ) {
    ctx.signal.throwIfAborted()
    const until: Place | undefined = await statements.boundary(ctx, from, ROWS_A_PAGE)
    const rows = await statements.find(ctx, from, until, wanted)
    yield rows.flatMap((row) => decide(table, row, person, mentions) ?? [])
    from = until
  }
}

/** Decides whether a found row is the person's own, mentions them, or neither (undefined). */
export function decide(table: HeldTable, row: FoundRow, person: Person, mentions: Mentions): Hit | undefined {
  const { was, whole } = row
  if (isOwn(table, was, person)) {
    if (table.eraseOwn === 'delete') return { relation: 'own', was, is: undefined, whole }
    const cleared = { ...was, ...table.eraseOwn(was, (value) => pseudonym(person, value)) }
    return { relation: 'own', was, is: scrubRow(table, cleared, person, mentions), whole }
  }
  const is = scrubRow(table, was, person, mentions)
  const isMentioned = columnsOf(table).some((column) => is[column] !== was[column])
  if (!isMentioned) return undefined
  return { relation: 'mentioned', was, is: table.eraseMention === 'delete' ? undefined : is, whole }
}

/** The pseudonym of a value: equal for equal values within one erasure, and impossible to reverse or derive again. */
export function pseudonym(person: Person, value: string | null): string | null {
  if (value === null) return null
  return `erased_${createHash('sha256').update(person.salt).update('\0').update(value).digest('hex').slice(0, 20)}`
}

/** Whether the row is the person's own: by e-mail, phone or id; by name only if the row has none of these. */
function isOwn(table: HeldTable, row: HeldRow, person: Person): boolean {
  const about = personOf(factsOf(table, row), person.salt)
  const cores = new Set([...person.phones].map(phoneCore))
  if ([...about.emails].some((email) => person.emails.has(email))) return true
  if ([...about.phones].some((phone) => cores.has(phoneCore(phone)))) return true
  if ([...about.refs].some((ref) => person.refs.has(ref))) return true
  if (about.emails.size + about.phones.size + about.refs.size > 0) return false
  const names = new Set([...person.names].map(lower))
  return [...about.names].some((name) => names.has(lower(name)))
}

function scrubRow(table: HeldTable, row: HeldRow, person: Person, mentions: Mentions): HeldRow {
  const { text = [], json = [], externalIds = [] } = table
  const scrubbed: Record<string, string | null> = { ...row }
  for (const column of text) scrubbed[column] = map(row[column], mentions.scrub)
  for (const column of json) scrubbed[column] = map(row[column], mentions.scrubJson)
  for (const column of externalIds) {
    scrubbed[column] = map(row[column], (id) => (mentions.isIn(id) ? (pseudonym(person, id) ?? id) : id))
  }
  return scrubbed
}

function wantedOf({ own }: HeldTable, person: Person, mentions: Mentions): Wanted {
  return {
    emails: [...person.emails],
    phones: [...person.phones].map(phoneCore),
    names: [...person.names].map(lower),
    pattern: mentions.pattern,
    ids: Object.fromEntries([
      ...Object.entries(own.ids ?? {}).map(([column, kind]) => [column, idsOf(person, kind)] as const),
      ...(own.refs ?? []).map((column) => [column, [...person.refs]] as const),
    ]),
  }
}

const lower = (text: string) => text.trim().toLowerCase()
const map = (value: string | null | undefined, to: (text: string) => string) =>
  value === null || value === undefined ? null : to(value)
