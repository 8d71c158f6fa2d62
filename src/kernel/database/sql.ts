/**
 * A piece of SQL that was written in this repository. Values never become part of it: they are named parameters
 * (`:client_id`), bound by `statement` and `writing`.
 */
export class Sql {
  readonly text: string

  /** For the functions of this file. */
  constructor(text: string) {
    this.text = text
  }
}

/** SQL with constants: other pieces of SQL, and numbers. Throws for anything else, a text above all. */
export function sql(strings: TemplateStringsArray, ...constants: readonly (Sql | number)[]): Sql {
  return new Sql(strings.reduce((text, next, index) => `${text}${constantText(constants[index - 1])}${next}`))
}

function constantText(constant: unknown): string {
  if (constant instanceof Sql) return constant.text
  if (typeof constant === 'number' && Number.isFinite(constant)) return String(constant)
  throw new Error('SQL takes constants alone: write a value as a named parameter, such as :client_id.')
}

/** A name from a table of this repository: a column, a table, a type. Throws for what would need quotes. */
export function sqlName(name: string): Sql {
  if (!/^[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?(\[\])?( precision)?$/.test(name)) {
    throw new Error(`${JSON.stringify(name)} is no plain SQL name.`)
  }
  return new Sql(name)
}

/** A constant text as SQL, quoted. */
export function sqlText(text: string): Sql {
  return new Sql(`'${text.replaceAll("'", "''")}'`)
}

/** Pieces one after the other, with a separator between them. */
export function sqlJoin(pieces: readonly Sql[], separator = ', '): Sql {
  return new Sql(pieces.map(({ text }) => text).join(separator))
}
