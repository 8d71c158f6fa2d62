import type { z } from 'zod'
import { numberParameters } from './named-parameters.ts'
import { statement, writing } from './statement.ts'
import type { On, OnTx } from './statement.ts'
import { sql, sqlJoin } from './sql.ts'
import type { Sql } from './sql.ts'

/**
 * Optional filters of a statement: a condition, and the parameter of the same name that it uses. A comparison with a
 * constant uses none and is selected by `true`: as a parameter it would hide the row estimate from PostgreSQL's
 * planner.
 */
type Filters = Readonly<Record<string, { readonly where: Sql; readonly is: z.ZodType }>>

type FilterValues<F extends Filters> = { readonly [Name in keyof F]?: z.input<F[Name]['is']> | undefined }
type Values<P extends z.ZodRawShape> = { readonly [Name in keyof P]: z.input<P[Name]> }

interface Shape<F extends Filters, P extends z.ZodRawShape, R extends z.ZodObject> {
  readonly filters: F
  /** Parameters of the text and the conditions. Each variant uses those it names. */
  readonly params: P
  readonly row: R
}

type Run<Where, F extends Filters, P extends z.ZodRawShape, R extends z.ZodObject> = (
  on: Where,
  values: FilterValues<F> & Values<P>,
) => Promise<z.output<R>[]>

/**
 * A statement with optional filters. Each set of given filters gets a prepared statement of its own with only those
 * conditions, because an optional condition in one statement would make PostgreSQL plan every call for all rows. `text`
 * receives the conditions joined by `and`, or `true` when there are none.
 */
export function filteredStatement<F extends Filters, P extends z.ZodRawShape, R extends z.ZodObject>(
  name: string,
  shape: Shape<F, P, R>,
  text: (conditions: Sql) => Sql,
): Run<On, F, P, R> {
  return filtered(shape, text, (written, params) => statement(name, written, { params, row: shape.row }))
}

/** As `filteredStatement`, for a statement that writes in a transaction. */
export function filteredWriting<F extends Filters, P extends z.ZodRawShape, R extends z.ZodObject>(
  name: string,
  shape: Shape<F, P, R>,
  text: (conditions: Sql) => Sql,
): Run<OnTx, F, P, R> {
  return filtered(shape, text, (written, params) => writing(name, written, { params, row: shape.row }))
}

function filtered<Where, F extends Filters, P extends z.ZodRawShape, R extends z.ZodObject>(
  { filters, params }: Shape<F, P, R>,
  text: (conditions: Sql) => Sql,
  make: (
    written: Sql,
    params: z.ZodRawShape,
  ) => (on: Where, values: Readonly<Record<string, unknown>>) => Promise<z.output<R>[]>,
): Run<Where, F, P, R> {
  const compile = (given: readonly string[]) => {
    const chosen = given.flatMap((filter) => filters[filter] ?? [])
    const conditions =
      chosen.length === 0
        ? sql`true`
        : sqlJoin(
            chosen.map(({ where }) => where),
            ' and ',
          )
    const own = Object.fromEntries(given.flatMap((filter) => (filters[filter] ? [[filter, filters[filter].is]] : [])))
    const written = text(conditions)
    const { names } = numberParameters(written.text)
    const all = Object.entries({ ...own, ...params }).filter(([parameter]) => names.includes(parameter))
    return make(written, Object.fromEntries(all))
  }
  const compiled = new Map<string, ReturnType<typeof compile>>()
  return async (on, values) => {
    const bound: Readonly<Record<string, unknown>> = values
    const given = Object.keys(filters).filter((filter) => bound[filter] !== undefined)
    const key = given.join()
    const run = compiled.get(key) ?? compile(given)
    compiled.set(key, run)
    return run(on, bound)
  }
}
