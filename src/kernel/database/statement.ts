import { z } from 'zod'
import { CompiledQuery } from 'kysely'
import type { Db, Tx } from './db.ts'
import { PooledHandle } from './handle.ts'
import { bareText, numberParameters } from './named-parameters.ts'
import type { Sql } from './sql.ts'

/** What a statement runs on: a context, or a handle, with the tenant if the text uses `:tenant_id`. */
export interface On {
  readonly db: Db
  readonly tenantId?: string
}

/** The same in an open transaction. */
export interface OnTx extends On {
  readonly db: Tx
}

interface Shape<P extends z.ZodRawShape, R extends z.ZodObject> {
  /** Parameters by name. `tenant_id` comes from the context unless declared here. */
  readonly params?: P
  /** The columns of a row, without transforms and defaults. Absent: the statement returns no rows. */
  readonly row?: R
}

type Values<P extends z.ZodRawShape> = { readonly [Name in keyof P]: z.input<P[Name]> }
type Run<Where, P extends z.ZodRawShape, R extends z.ZodObject> = (
  on: Where,
  ...values: keyof P extends never ? [] : [values: Values<P>]
) => Promise<z.output<R>[]>

// oxlint-disable-next-line typescript/no-generated-empty-object-type -- no parameters and no columns
type Nothing = Record<never, never>
type NoRow = z.ZodObject<Nothing>

/**
 * Declares a prepared statement that reads. `name` (`customers.find`) labels metrics and the slow-query log, and is
 * sent as a leading comment so that the server's statistics show it. Parameters are named in the text (`:client_id`).
 * In tests and development every row is compared with `row` and the values with `params`. The declaration throws when
 * the text writes, locks, or uses other parameters than `params`.
 */
export function statement<P extends z.ZodRawShape = Nothing, R extends z.ZodObject = NoRow>(
  name: string,
  text: Sql,
  shape: Shape<P, R> = {},
): Run<On, P, R> {
  if (NEEDS_TRANSACTION.test(bareText(text.text))) {
    throw new Error(`${name} writes or locks: declare it with writing(), which takes a transaction.`)
  }
  return compile(name, text, shape)
}

/**
 * Declares a prepared statement that writes or locks, in a transaction. The declaration throws when it does neither.
 */
export function writing<P extends z.ZodRawShape = Nothing, R extends z.ZodObject = NoRow>(
  name: string,
  text: Sql,
  shape: Shape<P, R> = {},
): Run<OnTx, P, R> {
  if (!NEEDS_TRANSACTION.test(bareText(text.text))) {
    throw new Error(`${name} neither writes nor locks: declare it with statement(), which may read from a replica.`)
  }
  return compile(name, text, shape)
}

/** Writes, row and table locks, and functions that are only useful in a transaction. */
const NEEDS_TRANSACTION =
  /\b(insert\s+into|delete\s+from|merge\s+into|truncate|lock\s+table|set_config|savepoint|pg_(?:try_)?advisory_\w*lock\w*|pg_notify|nextval|setval|set\s+local)\b|\bupdate\s+(?:only\s+)?[\w.]+\s+(?:as\s+)?(?:\w+\s+)?set\b|\bfor\s+(?:no\s+key\s+)?(?:update|share)\b|\bfor\s+key\s+share\b/i

function compile<P extends z.ZodRawShape, R extends z.ZodObject>(
  name: string,
  { text: written }: Sql,
  { params, row }: Shape<P, R>,
): Run<On, P, R> {
  const { text, names } = numberParameters(written)
  const declared = params ?? {}
  const known = Object.keys(declared)
  requireSame(name, names, known)
  requireNoOptionalFilter(name, bareText(written))
  const sql = `/* ${name} */ ${text}`
  const tenantIsGiven = known.includes('tenant_id')
  const bind = (on: On, values: Readonly<Record<string, unknown>>) =>
    names.map((parameter) => (parameter === 'tenant_id' && !tenantIsGiven ? tenantOf(on, name) : values[parameter]))
  const check = checker(name, declared, row)
  return async (on, ...[values]) => {
    const { db } = on
    const bound = bind(on, values ?? {})
    const rows = await runText(db, sql, bound)
    if (!(db instanceof PooledHandle) || db.checked) check(values ?? {}, rows)
    // safe because: the schema declares the selected columns, and tests check it.
    return rows as z.output<R>[]
  }
}

/** Runs SQL of a library, with numbered parameters and unchecked rows. */
export async function runText(db: Db, sql: string, values: readonly unknown[]): Promise<unknown[]> {
  if (db instanceof PooledHandle) return db.run(sql, values)
  const { rows } = await db.executeQuery(CompiledQuery.raw(sql, [...values]))
  return rows
}

function tenantOf({ tenantId }: On, name: string): string {
  if (tenantId === undefined) throw new Error(`${name} uses :tenant_id and was run without a tenant.`)
  return tenantId
}

/** `:id is null or id = :id` makes PostgreSQL plan every call for every row (0.6 s became 15 s at 100,000 customers). */
function requireNoOptionalFilter(name: string, text: string): void {
  const found = /:(\w+)(?:::[\w[\]]+)?\s+is\s+null\s+or\b/i.exec(text)
  if (found === null) return
  throw new Error(
    `${name} makes :${found[1]} optional. Write one statement with it and another without, or use filteredStatement().`,
  )
}

function requireSame(name: string, used: readonly string[], declared: readonly string[]): void {
  const unknown = used.filter((parameter) => parameter !== 'tenant_id' && !declared.includes(parameter))
  if (unknown.length > 0) throw new Error(`${name} uses parameters that params does not have: ${unknown.join(', ')}.`)
  const unused = declared.filter((parameter) => !used.includes(parameter))
  if (unused.length > 0)
    throw new Error(`${name} declares parameters that its text does not use: ${unused.join(', ')}.`)
}

/** Compares values and rows with their schemas. Built once per statement; a check then costs 0.2 µs a row. */
function checker(name: string, params: z.ZodRawShape, row: z.ZodObject | undefined) {
  const given = z.object(params)
  const expected = row?.strict()
  return (values: unknown, rows: readonly unknown[]) => {
    const wrong = given.safeParse(values).error ?? firstError(rows, expected)
    if (wrong !== undefined) throw new Error(`${name}: ${wrong.issues.map(issueText).join('; ')}`)
    if (expected === undefined && rows.length > 0) throw new Error(`${name} returns rows and declares none.`)
  }
}

function firstError(rows: readonly unknown[], schema: z.ZodObject | undefined): z.ZodError | undefined {
  if (schema === undefined) return undefined
  for (const row of rows) {
    const { error } = schema.safeParse(row)
    if (error !== undefined) return error
  }
  return undefined
}

const issueText = ({ path, message }: z.core.$ZodIssue) => `${path.map(String).join('.')}: ${message}`
