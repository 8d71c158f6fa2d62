/**
 * SQL text written in this repository. Values never become part of it: they are named parameters (`:client_id`), bound
 * by `statement` and `writing`.
 */
export class Sql {
  readonly text: string

  /** Called by the functions of this file only. */
  constructor(text: string) {
    this.text = text
  }
}

/** Builds SQL from other SQL and numbers. Throws for anything else, such as a string. */
export function sql(strings: TemplateStringsArray, ...constants: readonly (Sql | number)[]): Sql {
  return new Sql(strings.reduce((text, next, index) => `${text}${constantText(constants[index - 1])}${next}`))
}

function constantText(constant: unknown): string {
  if (constant instanceof Sql) return constant.text
  if (typeof constant === 'number' && Number.isFinite(constant)) return String(constant)
  throw new Error(
    'Only SQL and numbers can be inserted into SQL: write a value as a named parameter, such as :client_id.',
  )
}

/** A name of a column, table or type as SQL. Throws for names that need quotes. */
export function sqlName(name: string): Sql {
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?(\[\])?( precision)?$/.test(name)) {
    throw new Error(`${JSON.stringify(name)} is not a plain SQL name, such as customers.clients.`)
  }
  return new Sql(name)
}

/** A constant string as a quoted SQL literal. */
export function sqlText(text: string): Sql {
  return new Sql(`'${text.replaceAll("'", "''")}'`)
}

/** Joins SQL with a separator. */
export function sqlJoin(pieces: readonly Sql[], separator = ', '): Sql {
  return new Sql(pieces.map(({ text }) => text).join(separator))
}
