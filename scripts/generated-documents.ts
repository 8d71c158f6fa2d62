import { pino } from 'pino'
import { systemClock } from '#kernel/clock'
import { configuration, loadConfig } from '../src/settings.ts'
import { configurationReference } from '#kernel/config/reference'
import { compileCatalogue } from '#kernel/calls/tool-catalogue'
import { assemble } from '../src/app.ts'
import { authorizationReference } from './authorization-reference.ts'
import { importReference } from './import-reference.ts'
import { toolReference } from './tool-reference.ts'
import { unopenedPlatform } from './unopened-platform.ts'

/** The content of every generated document by its path. Needs no database. */
export function generatedDocuments(): ReadonlyMap<string, string> {
  const options = {
    config: loadConfig({}),
    clock: systemClock,
    log: pino({ level: 'silent' }),
    version: '',
    as: 'command',
  } as const
  const { modules, scopes, entryPoints } = assemble(options, unopenedPlatform())
  const servers = modules.flatMap(({ server }) => server ?? [])
  return new Map([
    ['docs/configuration.md', configurationReference(configuration)],
    ['docs/tool-reference.md', toolReference(compileCatalogue(servers))],
    ['docs/import-fields.md', importReference()],
    ['docs/authorization.md', authorizationReference(scopes, entryPoints)],
  ])
}
