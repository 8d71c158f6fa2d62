import { loadConfig } from '#kernel/config/load'
import { configurationReference } from '#kernel/config/reference'
import { compileCatalogue } from '#kernel/tool-catalogue'
import { customersModule } from '../src/modules/customers/index.ts'
import { tasksModule } from '../src/modules/tasks/index.ts'
import { toolReference } from './tool-reference.ts'

/** Every document that is generated, by its path. Needs no database. */
export function generatedDocuments(): ReadonlyMap<string, string> {
  const config = loadConfig({})
  const servers = [customersModule({ settings: config.customers }), tasksModule()].flatMap(({ server }) => server ?? [])
  return new Map([
    ['docs/configuration.md', configurationReference()],
    ['docs/tool-reference.md', toolReference(compileCatalogue(servers))],
  ])
}
