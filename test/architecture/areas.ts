import type { SourceFile } from './tree.ts'

/** TypeScript that runs in production: under `src/`, tests excepted. */
export function isProduction(file: SourceFile): boolean {
  return file.path.startsWith('src/') && file.path.endsWith('.ts') && !file.path.endsWith('.test.ts')
}

/** `customers` for `src/modules/customers/health/store.ts`. */
export function moduleOf(path: string): string | undefined {
  return /^src\/modules\/([^/]+)\//.exec(path)?.[1]
}

/** The only files of a module that may hold SQL. */
export function isStore(path: string): boolean {
  return /\/(store|store\/[^/]+|[^/]+\/store)\.ts$/.test(path)
}
