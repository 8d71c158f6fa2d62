// Measures of a source tree's production code: tests, fixtures and generated files are left out.
import { posix } from 'node:path'
import { isProduction, layerOf, moduleOf } from '../test/architecture/areas.ts'
import { cyclesOf } from '../test/architecture/cycles.ts'
import { importGraph, parsed, type SourceFile, type Tree } from '../test/architecture/tree.ts'

/** The size of a part of the tree. `median`, `p90` and `max` are lines per file. */
export interface Size {
  readonly part: string
  readonly files: number
  readonly lines: number
  readonly median: number
  readonly p90: number
  readonly max: number
}

/** The measures of all production code, of each folder of the kernel, each module with its areas, and each surface. */
export function sizes(tree: Tree): Size[] {
  const files = tree.filter(isProduction)
  const parts = [...new Set(files.flatMap(({ path }) => partsOf(path)))].toSorted()
  return parts.map((part) =>
    sizeOf(
      part,
      files.filter(({ path }) => partsOf(path).includes(part)),
    ),
  )
}

/** The parts that a file counts for: `src`, `src/modules`, `src/modules/customers`, `src/modules/customers/health`. */
function partsOf(path: string): string[] {
  const folders = path.split('/').slice(0, -1)
  const depth = path.startsWith('src/modules/') ? 4 : 3
  return folders.slice(0, depth).map((_, index) => folders.slice(0, index + 1).join('/'))
}

function sizeOf(part: string, files: readonly SourceFile[]): Size {
  const counts = files.map(linesOf).toSorted((a, b) => a - b)
  return {
    part,
    files: files.length,
    lines: counts.reduce((sum, lines) => sum + lines, 0),
    median: rank(counts, 0.5),
    p90: rank(counts, 0.9),
    max: counts.at(-1) ?? 0,
  }
}

const rank = (sorted: readonly number[], share: number) => sorted[Math.ceil(sorted.length * share) - 1] ?? 0
const linesOf = ({ text }: SourceFile) => text.split('\n').length - (text.endsWith('\n') ? 1 : 0)

/** The code per tool of a module that has tools. */
export interface ToolCost {
  readonly module: string
  readonly tools: number
  /** Lines of the areas that contain tools. */
  readonly linesPerTool: number
  readonly filesPerTool: number
  /** Lines of those areas and of everything in the module that they import, directly or indirectly. */
  readonly reachedLinesPerTool: number
}

/** An area with tools has a `tools` folder, with one file per tool. */
export function toolCosts(tree: Tree): ToolCost[] {
  const files = tree.filter(isProduction)
  const tools = files.filter(({ path }) => /^src\/modules\/.+\/tools\/[^/]+\.ts$/.test(path))
  const graph = importGraph(files)
  return [...new Set(tools.map(({ path }) => moduleOf(path) ?? ''))].toSorted().map((module) => {
    const own = tools.filter(({ path }) => moduleOf(path) === module)
    const areas = [...new Set(own.map(({ path }) => posix.dirname(posix.dirname(path))))]
    const within = files.filter(({ path }) => areas.some((area) => path.startsWith(`${area}/`)))
    const reached = reachedFrom(
      within.map(({ path }) => path),
      graph,
    )
    const all = files.filter(({ path }) => moduleOf(path) === module && reached.has(path))
    return {
      module,
      tools: own.length,
      linesPerTool: Math.round(sizeOf(module, within).lines / own.length),
      filesPerTool: Math.round((within.length / own.length) * 10) / 10,
      reachedLinesPerTool: Math.round(sizeOf(module, all).lines / own.length),
    }
  })
}

function reachedFrom(starts: readonly string[], graph: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set(starts)
  for (const path of reached) for (const next of graph.get(path) ?? []) reached.add(next)
  return reached
}

/** Folders by the number of their direct entries (production files and folders), the largest first. */
export function fullestFolders(tree: Tree): { folder: string; entries: number }[] {
  const entries = new Map<string, Set<string>>()
  for (const { path } of tree.filter(isProduction)) {
    const names = path.split('/')
    names.slice(1).forEach((name, index) => {
      const folder = names.slice(0, index + 1).join('/')
      entries.set(folder, (entries.get(folder) ?? new Set()).add(name))
    })
  }
  return [...entries]
    .map(([folder, names]) => ({ folder, entries: names.size }))
    .toSorted((a, b) => b.entries - a.entries)
}

/** The number of comment-only lines, their share of all lines, and the number of doc comments. */
export function comments(tree: Tree): { commentLines: number; share: number; docComments: number } {
  const files = tree.filter(isProduction)
  const lines = files.reduce((sum, file) => sum + linesOf(file), 0)
  const commentLines = files.reduce((sum, file) => sum + commentLinesOf(file), 0)
  const found = files.flatMap((file) => parsed(file).comments)
  return {
    commentLines,
    share: lines === 0 ? 0 : commentLines / lines,
    docComments: found.filter(({ type, value }) => type === 'Block' && value.startsWith('*')).length,
  }
}

function commentLinesOf(file: SourceFile): number {
  const blanked = parsed(file).comments.reduceRight(
    (text, { start, end }) => text.slice(0, start) + text.slice(start, end).replace(/[^\n]/g, ' ') + text.slice(end),
    file.text,
  )
  const bare = blanked.split('\n')
  return file.text.split('\n').filter((line, index) => line.trim() !== '' && bare[index]?.trim() === '').length
}

/** Import cycles of files, types included. */
export function fileCycles(tree: Tree): string[][] {
  return cyclesOf(importGraph(tree.filter(isProduction)))
}

/** Imports of files in a higher layer, types included. */
export function upwardImports(tree: Tree): { from: string; to: string }[] {
  return [...importGraph(tree.filter(isProduction))].flatMap(([from, targets]) =>
    targets.filter((to) => (layer(to) ?? 0) > (layer(from) ?? Infinity)).map((to) => ({ from, to })),
  )
}

/** In older checkouts the command line is a folder of the surfaces, and above them there too. */
const layer = (path: string) => layerOf(path.replace(/^src\/surfaces\/cli\//, 'src/cli/'))
