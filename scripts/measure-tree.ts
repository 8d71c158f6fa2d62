// Prints the size of the production code, the cost of a tool, import cycles and imports of a higher layer.
// `npm run measure -- ../another-checkout` measures another checkout, for a comparison.
import { resolve } from 'node:path'
import { readTree } from '../test/architecture/tree.ts'
import { comments, fileCycles, fullestFolders, sizes, toolCosts, upwardImports } from './tree-measures.ts'

const FOLDERS_SHOWN = 10

const root = resolve(process.argv[2] ?? '.')
const tree = readTree(root, 'src')
const { commentLines, share, docComments } = comments(tree)
const cycles = fileCycles(tree)
const upward = upwardImports(tree)

print(`Production code of ${root}`, [
  ['', 'files', 'lines', 'median', 'p90', 'max'],
  ...sizes(tree).map(({ part, files, lines, median, p90, max }) => [part, files, lines, median, p90, max]),
])
print('Per tool', [
  ['module', 'tools', 'lines', 'files', 'lines with what they import'],
  ...toolCosts(tree).map((cost) => [
    cost.module,
    cost.tools,
    cost.linesPerTool,
    cost.filesPerTool,
    cost.reachedLinesPerTool,
  ]),
])
print('Fullest folders', [
  ['', 'entries'],
  ...fullestFolders(tree)
    .slice(0, FOLDERS_SHOWN)
    .map(({ folder, entries }) => [folder, entries]),
])
print('Comments and imports', [
  ['', 'count'],
  ['comment lines', `${commentLines} (${(share * 100).toFixed(1)} %)`],
  ['doc comments', docComments],
  ['import cycles', cycles.length],
  ['imports of a higher layer', upward.length],
])
for (const cycle of cycles) console.log(`cycle: ${cycle.join(', ')}`)
for (const { from, to } of upward) console.log(`upwards: ${from} imports ${to}`)

function print(title: string, rows: readonly (readonly (string | number)[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => String(row[column] ?? '').length)))
  const line = (row: readonly (string | number)[]) =>
    widths
      .map((width, column) => {
        const text = String(row[column] ?? '')
        return column === 0 ? text.padEnd(width) : text.padStart(width)
      })
      .join('  ')
  console.log([`\n${title}`, ...rows.map(line)].join('\n'))
}
