import type { z } from 'zod'
import { Sql, sqlJoin, sqlName } from './sql.ts'

/** The column list of a row: `client_id, client_name`. */
export function columnsOf(row: z.ZodObject): Sql {
  return sqlJoin(Object.keys(row.shape).map(sqlName))
}

/** The parameter list of a row: `:client_id, :client_name`. */
export function parametersOf(row: z.ZodObject): Sql {
  return sqlJoin(Object.keys(row.shape).map((name) => new Sql(`:${sqlName(name).text}`)))
}

/** The assignments of an update: `client_name = :client_name, tier = :tier`. */
export function assignmentsOf(row: z.ZodObject): Sql {
  return sqlJoin(Object.keys(row.shape).map((name) => new Sql(`${sqlName(name).text} = :${name}`)))
}
