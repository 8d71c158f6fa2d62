import { isProduction, moduleOf } from '../areas.ts'
import { eachFile, eachSource, type Guard } from '../guard.ts'
import { importsOf } from '../tree.ts'

export const domainEvents: Guard = {
  fixture: 'domain-events',
  rule: 'an event is declared in the domain-events.ts of its module, has its prefix, is exported by its declarations.ts, and is made by its declaration',
  look: eachSource('src/modules/', (file, tree) => {
    const module = moduleOf(file.path) ?? ''
    const declaration = `src/modules/${module}/domain-events.ts`
    const declared = [...file.text.matchAll(/\bevent\(\s*'([^']+)'/g)].map(([, name = '']) => name)
    const exporter = tree.find(({ path }) => path === `src/modules/${module}/declarations.ts`)
    const isExported = exporter !== undefined && importsOf(exporter).some(({ target }) => target === declaration)
    return [
      ...declared
        .filter((name) => !name.startsWith(`${module}.`))
        .map((name) => `${name} has not the prefix ${module}.`),
      ...(declared.length > 0 && file.path !== declaration ? [`declares events: ${declared.join(', ')}`] : []),
      ...(declared.length > 0 && !isExported ? ['its events are not exported by declarations.ts'] : []),
      ...(/\bevents:[^\n]*\n?[^\n]*\{\s*name:[^}]*\bpayload:/.test(file.text)
        ? ['publishes an event without its declaration']
        : []),
    ]
  }),
}

export const auditedJobs: Guard = {
  fixture: 'audited-jobs',
  rule: 'a job writes through a change, which inserts an audit row, never through `autocommit`',
  look: eachFile(
    (file) => isProduction(file) && file.path.startsWith('src/modules/') && /\bjob\(\{/.test(file.text),
    ({ text }) => (/\bautocommit\(/.test(text) ? ['calls autocommit'] : []),
  ),
}
