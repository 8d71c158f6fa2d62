import type { SourceFile } from './tree.ts'

/** Whether a file is production TypeScript: under `src/`, without tests. */
export function isProduction(file: SourceFile): boolean {
  return file.path.startsWith('src/') && file.path.endsWith('.ts') && !file.path.endsWith('.test.ts')
}

/** The module of a file: `customers` for `src/modules/customers/health/store.ts`. */
export function moduleOf(path: string): string | undefined {
  return /^src\/modules\/([^/]+)\//.exec(path)?.[1]
}

/** Whether a file is a store: only stores may contain SQL. */
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

/** The layer number of a file; undefined for a package, or a file in no layer. */
export function layerOf(path: string): number | undefined {
  const at = LAYERS.findIndex(({ holds }) => holds.test(path))
  return at === -1 ? undefined : at
}

/** The module and area of a file: `{ module: 'customers', area: 'health' }`; no area for a file in the module's root. */
export function areaOf(path: string): { readonly module: string; readonly area: string | undefined } | undefined {
  const [, module, area] = /^src\/modules\/([^/]+)\/(?:([^/]+)\/)?/.exec(path) ?? []
  return module === undefined ? undefined : { module, area }
}

/** Base areas: every other area of the module may import them. The value lists the areas that they may import. */
const BASE: Readonly<Record<string, readonly string[]>> = { record: [], risk: ['record'], events: ['record'] }

/** The imports between areas that are allowed beside those of base areas. */
const DECLARED: Readonly<Record<string, readonly string[]>> = { demo: ['import'] }

export function mayImport(area: string, other: string): boolean {
  const allowed = BASE[area] ?? [...Object.keys(BASE), ...(DECLARED[area] ?? [])]
  return area === other || allowed.includes(other)
}
