import { isStore, moduleOf } from '../areas.ts'
import { eachFile, eachSource, type Guard } from '../guard.ts'
import { readMigration, schemasNamed, schemasOf, sqlIn } from '../sql.ts'
import type { SourceFile } from '../tree.ts'

/** The schemas of the kernel's own tables. */
const KERNEL_SCHEMAS = new Set(['kernel', 'audit', 'files'])

export const storesSpeakSql: Guard = {
  fixture: 'stores-speak-sql',
  rule: 'in modules and surfaces only store.ts and store/*.ts contain SQL',
  look: eachSource('src/', (file) =>
    file.path.startsWith('src/kernel/') || (moduleOf(file.path) !== undefined && isStore(file.path))
      ? []
      : sqlIn(file).map(firstLine),
  ),
}

export const ownSchema: Guard = {
  fixture: 'own-schema',
  rule: 'a store queries only the schema of its module, and the kernel only its own',
  look: (tree) => {
    const schemas = schemasOf(tree)
    return eachFile(
      (file) => holdsSql(file) && sqlIn(file).length > 0,
      (file) => {
        const own = moduleOf(file.path)
        return sqlIn(file)
          .flatMap((sql) => [...schemasNamed(sql, schemas)])
          .filter((schema) => (own === undefined ? !KERNEL_SCHEMAS.has(schema) : schema !== own))
          .map((schema) => `queries ${schema}`)
      },
    )(tree)
  },
}

export const statementNames: Guard = {
  fixture: 'statement-names',
  rule: 'the name of a prepared statement is unique: metrics and the slow-query log contain only the name',
  look: (tree) => {
    const named = tree.filter(holdsSql).flatMap(statementsIn)
    const offences = named
      .filter((one) => named.some((other) => other !== one && other.name === one.name))
      .map(({ path, name }) => ({ path, why: `${name} is also the name of another statement` }))
    return { subjects: named.length, offences }
  },
}

function statementsIn({ path, text }: SourceFile): { path: string; name: string }[] {
  const found = text.matchAll(/\b(?:statement|writing|filteredStatement|filteredWriting)(?:<[^]*?>)?\(\s*'([\w.-]+)'/g)
  return [...found].map(([, name = '']) => ({ path, name }))
}

export const transactions: Guard = {
  fixture: 'transactions',
  rule: 'outside the kernel a transaction is a change, or transact()',
  look: eachSource('src/', (file) =>
    file.path.startsWith('src/kernel/') || !/\.transaction\(\s*\)/.test(file.text)
      ? []
      : ['opens a transaction directly'],
  ),
}

export const migrationShape: Guard = {
  fixture: 'migration-shape',
  rule: 'a migration is named YYYYMMDDHHMM_module_what.sql and has an up and a down part',
  look: eachFile(isMigration, (file) => {
    const migration = readMigration(file)
    if (migration === undefined) return ['is not of that shape']
    return migration.down.trim() === '' ? ['has nothing in its down part'] : []
  }),
}

export const migrationSchema: Guard = {
  fixture: 'migration-schema',
  rule: 'a migration touches the schema of its module alone',
  look: eachFile(isMigration, (file, tree) => {
    const migration = readMigration(file)
    if (migration === undefined) return []
    const own = migration.module === 'kernel' ? KERNEL_SCHEMAS : new Set([migration.module])
    return [...schemasNamed(`${migration.up}\n${migration.down}`, schemasOf(tree))]
      .filter((schema) => !own.has(schema))
      .map((schema) => `touches ${schema}`)
  }),
}

export const tenantTables: Guard = {
  fixture: 'tenant-tables',
  rule: 'a table with tenant_id is isolated by row-level security, and its key starts with the tenant',
  look: (tree) => {
    const tables = tree.filter(isMigration).flatMap((file) => tablesOf(file))
    const tenantTablesFound = tables.filter(({ body }) => /^\s*tenant_id\s/m.test(body))
    const offences = tenantTablesFound.flatMap(({ file, name, body }) => [
      ...(file.text.includes(`isolate_tenant('${name}')`) ? [] : [{ path: file.path, why: `${name} is not isolated` }]),
      ...(/primary key \(tenant_id\b/.test(body) || /^\s*tenant_id\b[^,]*\bprimary key\b/m.test(body)
        ? []
        : [{ path: file.path, why: `${name}'s key does not start with tenant_id` }]),
    ])
    return { subjects: tenantTablesFound.length, offences }
  },
}

function tablesOf(file: SourceFile): { file: SourceFile; name: string; body: string }[] {
  const up = readMigration(file)?.up ?? ''
  return [...up.matchAll(/create table (?:if not exists )?([\w.]+) \(([^;]*)/g)].map(([, name = '', body = '']) => ({
    file,
    name,
    body,
  }))
}

function isMigration(file: SourceFile): boolean {
  return file.path.startsWith('migrations/')
}

function holdsSql(file: SourceFile): boolean {
  return /^src\/.*\.ts$/.test(file.path) && !file.path.endsWith('.test.ts')
}

function firstLine(sql: string): string {
  return `holds SQL: ${sql.trim().split('\n')[0]?.slice(0, 60)}`
}
