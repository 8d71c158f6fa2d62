import { areaOf, isProduction, isStore, mayImport } from '../areas.ts'
import { cyclesOf } from '../cycles.ts'
import type { Guard } from '../guard.ts'
import { importsOf, type Tree } from '../tree.ts'

/** An import between files of one module, where the importing file is in an area. */
interface AreaImport {
  readonly path: string
  readonly target: string
  readonly area: string
  readonly other: string | undefined
}

export const areas: Guard = {
  fixture: 'areas',
  rule: 'in a module with a record folder, an area imports only base areas and declared areas, and no store but that of record',
  look: (tree) => {
    const files = areaFiles(tree)
    const imports = files.flatMap(({ file, module, area }) =>
      importsOf(file).flatMap(({ target }): AreaImport[] => {
        const there = areaOf(target)
        if (there?.module !== module || there.area === area) return []
        return [{ path: file.path, target, area, other: there.area }]
      }),
    )
    const cycles = cyclesOf(areaGraph(imports))
    const offences = imports.flatMap(({ path, target, area, other }) => {
      const cycle = cycles.find((names) => names.includes(area) && names.includes(other ?? ''))
      if (cycle !== undefined) return [{ path, why: `imports ${target}, in a cycle of ${cycle.join(', ')}` }]
      if (/^src\/modules\/[^/]+\/index\.ts$/.test(target))
        return [{ path, why: `imports ${target}, which is above the areas` }]
      if (other === undefined) return []
      if (!mayImport(area, other)) return [{ path, why: `imports ${target}, and ${area} has not declared ${other}` }]
      return isStore(target) && other !== 'record' ? [{ path, why: `imports ${target}, the store of ${other}` }] : []
    })
    return { subjects: files.length, offences }
  },
}

function areaFiles(tree: Tree) {
  const withRecord = new Set(
    tree.flatMap(({ path }) => {
      const at = areaOf(path)
      return at?.area === 'record' ? [at.module] : []
    }),
  )
  return tree.filter(isProduction).flatMap((file) => {
    const { module, area } = areaOf(file.path) ?? {}
    return module !== undefined && area !== undefined && withRecord.has(module) ? [{ file, module, area }] : []
  })
}

function areaGraph(imports: readonly AreaImport[]): Map<string, string[]> {
  const graph = new Map<string, string[]>()
  for (const { area, other } of imports) {
    graph.set(area, [...(graph.get(area) ?? []), ...(other === undefined ? [] : [other])])
  }
  return graph
}
