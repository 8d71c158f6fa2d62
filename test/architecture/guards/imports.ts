import { layerOf, moduleOf } from '../areas.ts'
import { circlesOf, wayBack } from '../circles.ts'
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

export const circles: Guard = {
  fixture: 'circles',
  rule: 'no file is part of an import circle, type imports included',
  look: (tree) => {
    const graph = importGraph(tree)
    const offences = circlesOf(graph).flatMap((circle) =>
      circle.map((path) => ({ path, why: (wayBack(graph, path) ?? circle).join(' → ') })),
    )
    return { subjects: graph.size, offences }
  },
}

export const surfaceLibraries: Guard = {
  fixture: 'surface-libraries',
  rule: 'neither the kernel nor a module knows the HTTP framework, the MCP SDK or the library of the command line',
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
  rule: 'a module imports types alone of another module',
  look: eachSource('src/modules/', (file) =>
    importsOf(file)
      .filter(({ target, isType }) => !isType && ![undefined, moduleOf(file.path)].includes(moduleOf(target)))
      .map(({ target }) => `imports values of ${target}`),
  ),
}

/** They run before any module is built, and import none. */
const GATHERERS = new Set(['src/declarations.ts', 'src/settings.ts'])

export const moduleInternals: Guard = {
  fixture: 'module-internals',
  rule: 'nothing outside a module imports past its index.ts, but for the declarations.ts that all declarations are gathered from',
  look: eachSource('src/', (file) =>
    importsOf(file)
      .filter(({ target }) => {
        const owner = moduleOf(target)
        if (owner === undefined || owner === moduleOf(file.path)) return false
        const isGathered = GATHERERS.has(file.path) && target === `src/modules/${owner}/declarations.ts`
        return target !== `src/modules/${owner}/index.ts` && !isGathered
      })
      .map(({ target }) => `imports ${target}`),
  ),
}
