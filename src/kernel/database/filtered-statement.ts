import type { z } from 'zod'
import { numberParameters } from './named-parameters.ts'
import { statement } from './named-statement.ts'
import type { On } from './named-statement.ts'
import { sql, sqlJoin } from './sql.ts'
import type { Sql } from './sql.ts'

/** What a list may be narrowed by: a condition, and the parameter of the same name that it takes. */
type Filters = Readonly<Record<string, { readonly where: Sql; readonly is: z.ZodType }>>

type FilterValues<F extends Filters> = { readonly [Name in keyof F]?: z.input<F[Name]['is']> | undefined }
type Values<P extends z.ZodRawShape> = { readonly [Name in keyof P]: z.input<P[Name]> }

type Run<R extends z.ZodObject> = (on: On, values: Readonly<Record<string, unknown>>) => Promise<z.output<R>[]>

interface Shape<F extends Filters, P extends z.ZodRawShape, R extends z.ZodObject> {
  readonly filters: F
  /** Of the text and of the conditions: a statement takes those that it names. */
  readonly params: P
  readonly row: R
}

/**
 * A statement with optional filters: for each set of them that is given, one with those conditions alone. An optional
 * condition inside a single prepared statement would make PostgreSQL plan every call for all rows. `text` receives the
 * conditions, joined by `and`; `true` when there are none.
 */
export function filteredStatement<F extends Filters, P extends z.ZodRawShape, R extends z.ZodObject>(
  name: string,
  { filters, params, row }: Shape<F, P, R>,
  text: (conditions: Sql) => Sql,
): (on: On, values: FilterValues<F> & Values<P>) => Promise<z.output<R>[]> {
  const compile = (given: readonly string[]): Run<R> => {
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
    return statement(name, written, { params: Object.fromEntries(all), row })
  }
  const compiled = new Map<string, Run<R>>()
  return async (on, values) => {
    const bound: Readonly<Record<string, unknown>> = values
    const given = Object.keys(filters).filter((filter) => bound[filter] !== undefined)
    const key = given.join()
    const run = compiled.get(key) ?? compile(given)
    compiled.set(key, run)
    return run(on, bound)
  }
}
