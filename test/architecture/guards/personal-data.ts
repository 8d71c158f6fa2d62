import { isProduction } from '../areas.ts'
import type { Guard, Offence } from '../guard.ts'
import { looksPersonal, NOT_PERSONAL } from '../personal-columns.ts'
import type { Column } from '../personal-columns.ts'
import { readMigration } from '../sql.ts'
import type { SourceFile, Tree } from '../tree.ts'

export const personalData: Guard = {
  fixture: 'personal-data',
  rule: 'a personal-data holder names every table with personal data, and its columns where it describes the table',
  look: (tree) => {
    const columns = columnsOf(tree)
    const personal = columns.filter(looksPersonal)
    const held = tablesHeld(tree)
    const described = tablesDescribed(tree)
    const offences = personal.flatMap(({ path, table, column }) => {
      if (NOT_PERSONAL[`${table}.${column}`] !== undefined) return []
      const description = described.get(table)
      if (!held.has(table)) return { path, why: `${table}.${column} looks personal, and no holder names ${table}` }
      if (description === undefined || names(description, column)) return []
      return { path, why: `${table}.${column} looks personal, and the holder of ${table} does not name it` }
    })
    return { subjects: personal.length, offences: [...offences, ...stale(tree, columns)] }
  },
}

interface DeclaredColumn extends Column {
  readonly path: string
}

const NO_COLUMN = /^(primary|foreign|unique|check|constraint|exclude|like|partition|references|or|and|case|when)$/

/** The columns that migrations declare, without those that a later one drops. */
function columnsOf(tree: Tree): DeclaredColumn[] {
  const found = new Map<string, DeclaredColumn>()
  const migrations = tree.filter(({ path }) => path.startsWith('migrations/'))
  for (const file of migrations.toSorted((a, b) => (a.path < b.path ? -1 : 1))) {
    for (const declared of declaredIn(file)) found.set(`${declared.table}.${declared.column}`, declared)
    for (const [, table] of (readMigration(file)?.up ?? '').matchAll(/drop table (?:if exists )?([\w.]+)/g)) {
      for (const key of found.keys()) if (key.startsWith(`${table}.`)) found.delete(key)
    }
  }
  return [...found.values()]
}

function declaredIn(file: SourceFile): DeclaredColumn[] {
  const up = readMigration(file)?.up ?? ''
  const made = [...up.matchAll(/create table (?:if not exists )?([\w.]+) \(([^;]*)/g)].flatMap(
    ([, table = '', body = '']) =>
      [...body.matchAll(/^\s{2}"?(\w+)"? ([a-z]\w*)(.*)/gm)].map(([, column = '', type = '', rest = '']) => ({
        table,
        column,
        type,
        rest,
      })),
  )
  const added = [...up.matchAll(/alter table (?:if exists )?([\w.]+)([^;]*)/g)].flatMap(([, table = '', body = '']) =>
    [...body.matchAll(/add (?:column )?(?:if not exists )?"?(\w+)"? ([a-z]\w*)(.*)/g)].map(
      ([, column = '', type = '', rest = '']) => ({
        table,
        column,
        type,
        rest,
      }),
    ),
  )
  return [...made, ...added]
    .filter(({ column }) => !NO_COLUMN.test(column))
    .map((column) => ({ path: file.path, ...column }))
}

/** Every `'schema.table'` in source files that declare `PersonalData`. */
function tablesHeld(tree: Tree): Set<string> {
  const holders = tree.filter((file) => isProduction(file) && /\bPersonalData\b|\bholdTables\b/.test(file.text))
  return new Set(holders.flatMap(({ text }) => [...text.matchAll(/'(\w+\.\w+)'/g)].map(([, table]) => table ?? '')))
}

/** The text of each table's description in `holdTables`, which reads only the columns it names. */
function tablesDescribed(tree: Tree): Map<string, string> {
  const holders = tree.filter((file) => isProduction(file) && /\bholdTables\(/.test(file.text))
  return new Map(
    holders
      .flatMap(({ text }) => text.split(/\btable: (?=')/).slice(1))
      .map((description) => [/^'(\w+\.\w+)'/.exec(description)?.[1] ?? '', description]),
  )
}

const names = (description: string, column: string) => new RegExp(`'${column}'|\\b${column}:`).test(description)

/** Exemptions that are obsolete: the column is gone, or a holder names its table. */
function stale(tree: Tree, columns: readonly DeclaredColumn[]): Offence[] {
  const path = 'test/architecture/personal-columns.ts'
  if (!tree.some((file) => file.path === path)) return []
  const known = new Set(columns.filter(looksPersonal).map(({ table, column }) => `${table}.${column}`))
  return Object.keys(NOT_PERSONAL)
    .filter((name) => !known.has(name))
    .map((name) => ({ path, why: `${name} is exempted but does not exist` }))
}
