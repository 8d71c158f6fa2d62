import { layerOf, moduleOf } from '../areas.ts'
import { cyclesOf, cycleThrough } from '../cycles.ts'
import { eachSource, type Guard } from '../guard.ts'
import { importGraph, importsOf } from '../tree.ts'

const SURFACE_LIBRARY = /^(fastify$|fastify-|@fastify\/|@modelcontextprotocol\/|commander$|cli-progress$)/

export const layers: Guard = {
  fixture: 'layers',
  rule: 'kernel, modules, surfaces, then cli and app.ts: a file imports nothing of a higher layer, types included',
  look: eachSource('src/', (file) => {
    const own = layerOf(file.path)
    return importsOf(file)
      .filter(({ target }) => own !== undefined && (layerOf(target) ?? own) > own)
      .map(({ target }) => `imports ${target}`)
  }),
}

export const cycles: Guard = {
  fixture: 'cycles',
  rule: 'no file is part of an import cycle, type imports included',
  look: (tree) => {
    const graph = importGraph(tree)
    const offences = cyclesOf(graph).flatMap((cycle) =>
      cycle.map((path) => ({ path, why: (cycleThrough(graph, path) ?? cycle).join(' → ') })),
    )
    return { subjects: graph.size, offences }
  },
}

export const surfaceLibraries: Guard = {
  fixture: 'surface-libraries',
  rule: 'neither the kernel nor a module imports the HTTP framework, the MCP SDK or the command-line library',
  look: eachSource('src/', (file) =>
    file.path.startsWith('src/kernel/') || moduleOf(file.path) !== undefined
      ? importsOf(file)
          .filter(({ target }) => SURFACE_LIBRARY.test(target))
          .map(({ target }) => `imports ${target}`)
      : [],
  ),
}

export const modules: Guard = {
  fixture: 'module-imports',
  rule: 'a module imports only types of another module',
  look: eachSource('src/modules/', (file) =>
    importsOf(file)
      .filter(({ target, isType }) => !isType && ![undefined, moduleOf(file.path)].includes(moduleOf(target)))
      .map(({ target }) => `imports values of ${target}`),
  ),
}

/** The files that collect the declarations of all modules, before any module is built. */
const COLLECTORS = new Set(['src/declarations.ts', 'src/settings.ts'])

export const moduleInternals: Guard = {
  fixture: 'module-internals',
  rule: 'files outside a module import only its index.ts; src/declarations.ts and src/settings.ts also its declarations.ts',
  look: eachSource('src/', (file) =>
    importsOf(file)
      .filter(({ target }) => {
        const owner = moduleOf(target)
        if (owner === undefined || owner === moduleOf(file.path)) return false
        const isCollected = COLLECTORS.has(file.path) && target === `src/modules/${owner}/declarations.ts`
        return target !== `src/modules/${owner}/index.ts` && !isCollected
      })
      .map(({ target }) => `imports ${target}`),
  ),
}
