import { isProduction, moduleOf } from '../areas.ts'
import { eachFile, eachSource, type Guard } from '../guard.ts'
import { importsOf } from '../tree.ts'

export const domainEvents: Guard = {
  fixture: 'domain-events',
  rule: 'an event is declared in the domain-events.ts of its module, named for it, brought by its declarations.ts, and made by its declaration',
  look: eachSource('src/modules/', (file, tree) => {
    const module = moduleOf(file.path) ?? ''
    const declaration = `src/modules/${module}/domain-events.ts`
    const declared = [...file.text.matchAll(/\bevent\(\s*'([^']+)'/g)].map(([, name = '']) => name)
    const bringer = tree.find(({ path }) => path === `src/modules/${module}/declarations.ts`)
    const isBrought = bringer !== undefined && importsOf(bringer).some(({ target }) => target === declaration)
    return [
      ...declared.filter((name) => !name.startsWith(`${module}.`)).map((name) => `${name} is not named for its module`),
      ...(declared.length > 0 && file.path !== declaration ? [`declares events: ${declared.join(', ')}`] : []),
      ...(declared.length > 0 && !isBrought ? ['its events are not brought by declarations.ts'] : []),
      ...(/\bevents:[^\n]*\n?[^\n]*\{\s*name:[^}]*\bpayload:/.test(file.text)
        ? ['publishes an event written out']
        : []),
    ]
  }),
}

export const auditedJobs: Guard = {
  fixture: 'audited-jobs',
  rule: 'a job writes by a change, which leaves an audit row, never by `autocommit`',
  look: eachFile(
    (file) => isProduction(file) && file.path.startsWith('src/modules/') && /\bjob\(\{/.test(file.text),
    ({ text }) => (/\bautocommit\(/.test(text) ? ['calls autocommit'] : []),
  ),
}
