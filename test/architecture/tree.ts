import { readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { type ParseResult, parseSync } from 'oxc-parser'

/** A file of the repository, or of a fixture. `path` is relative to the root, with `/`. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

export type Tree = readonly SourceFile[]

const GENERATED = new Set(['node_modules', 'coverage', '.git', '.plimsoll', 'fixtures', 'results'])
const READ = /\.(ts|mjs|js|sql|md|json|yaml|yml|txt)$/

/** Every handwritten text file under `root`. */
export function readTree(root: string, folder = ''): SourceFile[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) return GENERATED.has(entry.name) ? [] : readTree(root, path)
    return READ.test(entry.name) ? [{ path, text: readFileSync(join(root, path), 'utf8') }] : []
  })
}

/** A fixture of several files. `=== path` begins a file, `=== path OFFENDS` one that the guard must report. */
export function readFixture(text: string): { tree: SourceFile[]; offending: string[] } {
  const parts = text.split(/^=== /m).slice(1)
  const files = parts.map((part) => {
    const [head = '', ...body] = part.split('\n')
    const [path = '', mark] = head.split(' ')
    return { path, text: body.join('\n'), offends: mark === 'OFFENDS' }
  })
  return {
    tree: files.map(({ path, text }) => ({ path, text })),
    offending: files.filter((file) => file.offends).map((file) => file.path),
  }
}

const parses = new WeakMap<SourceFile, ParseResult>()

/** The syntax tree of a TypeScript file, parsed once. */
export function parsed(file: SourceFile): ParseResult {
  const known = parses.get(file)
  if (known) return known
  const result = parseSync(file.path, file.text)
  parses.set(file, result)
  return result
}

export interface ModuleImport {
  /** The repository path for a relative or `#` import; the package specifier otherwise. */
  readonly target: string
  readonly isType: boolean
  /** Imported when it is needed, by `import()`. */
  readonly isLazy: boolean
}

/** The imports and re-exports of a file, including dynamic imports of a literal. */
export function importsOf(file: SourceFile): ModuleImport[] {
  const { module } = parsed(file)
  const found = [
    ...module.staticImports.map(({ moduleRequest, entries }) => ({
      request: moduleRequest.value,
      isType: entries.length > 0 && entries.every((entry) => entry.isType),
      isLazy: false,
    })),
    ...module.staticExports.flatMap(({ entries }) =>
      entries.flatMap(({ moduleRequest, isType }) =>
        moduleRequest === null ? [] : [{ request: moduleRequest.value, isType, isLazy: false }],
      ),
    ),
    ...module.dynamicImports.map(({ moduleRequest }) => ({
      request: file.text.slice(moduleRequest.start + 1, moduleRequest.end - 1),
      isType: false,
      isLazy: true,
    })),
  ]
  return found.map(({ request, ...how }) => ({ target: resolveImport(file.path, request), ...how }))
}

/** The import graph of the TypeScript files, type imports included. */
export function importGraph(tree: Tree): Map<string, string[]> {
  const files = tree.filter(({ path }) => path.endsWith('.ts'))
  const paths = new Set(files.map(({ path }) => path))
  return new Map(
    files.map((file) => [
      file.path,
      importsOf(file)
        .map(({ target }) => target)
        .filter((target) => paths.has(target)),
    ]),
  )
}

function resolveImport(from: string, request: string): string {
  if (request.startsWith('.')) return posix.join(posix.dirname(from), request)
  if (request.startsWith('#kernel/')) return `src/kernel/${request.slice('#kernel/'.length)}.ts`
  return request
}
