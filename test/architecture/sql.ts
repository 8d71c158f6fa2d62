import { Visitor } from 'oxc-parser'
import { parsed, type SourceFile, type Tree } from './tree.ts'

const STATEMENT =
  /^\s*(\/\*[^*]*\*\/\s*)?(select\s[^]*\sfrom\s|select\s+[\w.]+\(|insert\s+into\s|update\s+[\w."]+\s[^]*\bset\s|delete\s+from\s|with\s+(recursive\s+)?\w+\s*(\([^)]*\))?\s+as\s|copy\s+[\w."]+|create\s+(table|index|schema|role|function|temp)|alter\s+(table|role)|drop\s+(table|schema|index)|truncate\s|lock\s+table|set\s+(local|session|role)\s)/
const BUILDER = new Set(['selectFrom', 'insertInto', 'updateTable', 'deleteFrom', 'mergeInto'])

/** Every SQL text in a TypeScript file: literals that begin like a statement, `sql` templates, query-builder calls. */
export function sqlIn(file: SourceFile): string[] {
  const found: string[] = []
  const keep = (text: string, isSql: boolean) => {
    if (isSql) found.push(text)
  }
  new Visitor({
    Literal(node) {
      if (typeof node.value === 'string') keep(node.value, isStatement(node.value))
    },
    TemplateLiteral(node) {
      const text = node.quasis.map((part) => part.value.cooked ?? part.value.raw).join(' $ ')
      keep(text, isStatement(text))
    },
    TaggedTemplateExpression(node) {
      const tag = file.text.slice(node.tag.start, node.tag.end)
      keep(file.text.slice(node.quasi.start, node.quasi.end), /^sql\b/.test(tag))
    },
    CallExpression(node) {
      if (node.callee.type !== 'MemberExpression' || node.callee.property.type !== 'Identifier') return
      keep(file.text.slice(node.callee.property.start, node.end), BUILDER.has(node.callee.property.name))
    },
  }).visit(parsed(file).program)
  return found
}

/** SQL in capitals counts as well; a sentence that begins with "Select" or "Update" does not. */
function isStatement(text: string): boolean {
  return STATEMENT.test(/^\s*[A-Z]{4,}\s/.test(text) ? text.toLowerCase() : text)
}

export interface Migration {
  readonly module: string
  readonly up: string
  readonly down: string
}

/** A migration's two parts without comments; undefined for another name or shape. */
export function readMigration(file: SourceFile): Migration | undefined {
  const module = /^migrations\/\d{12}_([a-z]+)_[a-z0-9_]+\.sql$/.exec(file.path)?.[1]
  const parts = file.text.split(/^-- (?:up|down)\s*$/m)
  if (module === undefined || parts.length !== 3 || file.text.search(/^-- up/m) > file.text.search(/^-- down/m)) return
  const [, up = '', down = ''] = parts.map((part) => part.replace(/--.*$/gm, ''))
  return { module, up, down }
}

/** Every schema that the migrations create or fill. */
export function schemasOf(tree: Tree): Set<string> {
  const made = tree
    .filter((file) => file.path.endsWith('.sql'))
    .flatMap((file) => [...file.text.matchAll(/create (?:table|schema)(?: if not exists)? (\w+)[.;\s]/g)])
  return new Set(made.map(([, name]) => name ?? ''))
}

/** The schemas that a text names, without calls of functions in the kernel's schema (`kernel.isolate_tenant(…)`). */
export function schemasNamed(sql: string, schemas: ReadonlySet<string>): Set<string> {
  const names = [...sql.replace(/\bkernel\.\w+\(/g, '').matchAll(/\b(?<!\.)(\w+)\.\w/g)].map(([, name]) => name ?? '')
  return new Set(names.filter((name) => schemas.has(name)))
}
