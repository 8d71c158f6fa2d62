import { posix } from 'node:path'
import { importGraph, type Tree } from '../../test/architecture/tree.ts'

/** Of the tests that reach a file by their imports, so many: those of its folder first, then those with the fewest steps. */
export function relatedTests(tree: Tree, testsMax: number): (path: string) => readonly string[] {
  const importers = new Map<string, string[]>()
  for (const [from, targets] of importGraph(tree)) {
    for (const target of targets) importers.set(target, [...(importers.get(target) ?? []), from])
  }
  return (path) => {
    const steps = new Map([[path, 0]])
    for (const [file, step] of steps) {
      for (const importer of importers.get(file) ?? []) if (!steps.has(importer)) steps.set(importer, step + 1)
    }
    const tests = [...steps].filter(([file]) => /^(src|test\/conformance)\/.*\.test\.ts$/.test(file))
    return tests
      .map(([file, step]) => ({ file, step, near: sharedFolders(file, path) }))
      .toSorted((a, b) => b.near - a.near || a.step - b.step || a.file.localeCompare(b.file))
      .slice(0, testsMax)
      .map(({ file }) => file)
  }
}

function sharedFolders(a: string, b: string): number {
  const [left, right] = [a, b].map((file) => posix.dirname(file).split('/'))
  const apart = left?.findIndex((name, index) => name !== right?.[index]) ?? 0
  return apart < 0 ? (left?.length ?? 0) : apart
}
