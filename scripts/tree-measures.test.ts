import { expect, it } from 'vitest'
import { readFixture } from '../test/architecture/tree.ts'
import { comments, fileCycles, fullestFolders, sizes, toolCosts, upwardImports } from './tree-measures.ts'

const { tree } = readFixture(`=== src/kernel/clock.ts
/** The time. */
export const now = 1 // in seconds
=== src/kernel/context.ts
import type { Audit } from './audit.ts'
/*
 * Two lines,

 * and a blank one between them.
 */
=== src/kernel/audit.ts
import type { Ctx } from './context.ts'
import type { Tasks } from '../modules/tasks/index.ts'
=== src/kernel/audit.test.ts
import { audit } from './audit.ts'
=== src/modules/tasks/index.ts
=== src/modules/customers/record/money.ts
1
2
3
4
=== src/modules/customers/health/score.ts
import { cents } from '../record/money.ts'
2
3
=== src/modules/customers/health/tools/score.ts
import { score } from '../score.ts'
=== src/modules/customers/health/tools/explain.ts
2
3
=== src/modules/customers/import/files.ts
1
2
=== src/surfaces/cli/serve.ts
import { app } from '../../app.ts'
=== src/app.ts
`)

it('counts files and lines of production code, part by part', () => {
  const parts = new Map(sizes(tree).map((size) => [size.part, size]))
  expect(parts.get('src/kernel')).toMatchObject({ files: 3, lines: 10, median: 2, p90: 6, max: 6 })
  expect(parts.get('src/modules/customers/health')).toMatchObject({ files: 3, lines: 6 })
})

it('divides the lines of the areas with tools by the tools, with and without what they import', () => {
  expect(toolCosts(tree)).toEqual([
    { module: 'customers', tools: 2, linesPerTool: 3, filesPerTool: 1.5, reachedLinesPerTool: 5 },
  ])
})

it('counts the entries of a folder, tests left out', () => {
  expect(fullestFolders(tree)).toContainEqual({ folder: 'src/kernel', entries: 3 })
})

it('takes for comment lines those that hold nothing else', () => {
  expect(comments(tree)).toMatchObject({ commentLines: 5, docComments: 1 })
})

it('finds cycles and upward imports of types', () => {
  expect(fileCycles(tree).map((cycle) => cycle.toSorted())).toEqual([['src/kernel/audit.ts', 'src/kernel/context.ts']])
  expect(upwardImports(tree)).toEqual([{ from: 'src/kernel/audit.ts', to: 'src/modules/tasks/index.ts' }])
})
