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

/** The layers of `src/`, lowest first. A file imports its own layer and those under it. */
const LAYERS = [
  { name: 'kernel', holds: /^src\/kernel\// },
  { name: 'modules', holds: /^src\/modules\// },
  { name: 'surfaces', holds: /^src\/surfaces\// },
  { name: 'wiring', holds: /^src\/(cli\/|(app|main|server|declarations|settings)\.ts$)/ },
  { name: 'test', holds: /^(test|bench|scripts)\// },
] as const

/** How high a file of the repository stands; undefined for a package, or a file in no layer. */
export function layerOf(path: string): number | undefined {
  const at = LAYERS.findIndex(({ holds }) => holds.test(path))
  return at === -1 ? undefined : at
}

/** Where a file of a module stands: `{ module: 'customers', area: 'health' }`; no area for a file beside the folders. */
export function areaOf(path: string): { readonly module: string; readonly area: string | undefined } | undefined {
  const [, module, area] = /^src\/modules\/([^/]+)\/(?:([^/]+)\/)?/.exec(path) ?? []
  return module === undefined ? undefined : { module, area }
}

/** Areas that every other area of their module may import, each with the areas that it may import itself. */
const GROUND: Readonly<Record<string, readonly string[]>> = { record: [], risk: ['record'], events: ['record'] }

/** What areas may import beyond the ground. */
const DECLARED: Readonly<Record<string, readonly string[]>> = { demo: ['import'] }

export function mayImport(area: string, other: string): boolean {
  const allowed = GROUND[area] ?? [...Object.keys(GROUND), ...(DECLARED[area] ?? [])]
  return area === other || allowed.includes(other)
}
