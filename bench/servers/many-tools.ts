import { loadConfig } from '../../src/settings.ts'
import type { Tool } from '#kernel/calls/tool'
import { customersModule } from '../../src/modules/customers/index.ts'

/** The number of tools of a full customer-success server; the existing tools are repeated under other names. */
export const MANY = 54

/** Every tool of the customers server, in listing order. */
export function productTools(): Tool[] {
  const { server } = customersModule({ settings: loadConfig({}).customers })
  return Object.values(server?.toolsets ?? {}).flat()
}

export function manyTools(): Tool[] {
  const own = productTools()
  return Array.from({ length: MANY }, (_, n) => {
    const tool = own[n % own.length]
    if (tool === undefined) throw new Error('the customers server has no tools')
    return { ...tool, name: `${tool.name.slice(0, 36)}_${n}` }
  })
}
