import { moduleOf } from '../areas.ts'
import { eachSource, type Guard } from '../guard.ts'
import { importsOf } from '../tree.ts'

const SURFACE_LIBRARY = /^(fastify$|fastify-|@fastify\/|@modelcontextprotocol\/)/

export const kernel: Guard = {
  fixture: 'kernel-imports',
  rule: 'the kernel imports nothing above it',
  look: eachSource('src/kernel/', (file) =>
    importsOf(file)
      .filter(
        ({ target }) => (target.startsWith('src/') && !target.startsWith('src/kernel/')) || target.startsWith('test/'),
      )
      .map(({ target }) => `imports ${target}`),
  ),
}

export const surfaceLibraries: Guard = {
  fixture: 'surface-libraries',
  rule: 'neither the kernel nor a module knows the HTTP framework or the MCP SDK',
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
  rule: 'a module imports types alone of another module, and nothing of the surfaces or the wiring',
  look: eachSource('src/modules/', (file) =>
    importsOf(file).flatMap(({ target, isType }) => {
      const other = moduleOf(target)
      if (other !== undefined && other !== moduleOf(file.path) && !isType) return [`imports values of ${target}`]
      if (/^src\/(surfaces\/|cli\/|app\.ts|main\.ts)/.test(target)) return [`imports ${target}`]
      return []
    }),
  ),
}

export const doors: Guard = {
  fixture: 'doors',
  rule: 'nothing outside a module imports past its index.ts',
  look: eachSource('src/', (file) =>
    importsOf(file)
      .filter(({ target }) => {
        const owner = moduleOf(target)
        return owner !== undefined && owner !== moduleOf(file.path) && target !== `src/modules/${owner}/index.ts`
      })
      .map(({ target }) => `imports ${target}`),
  ),
}
