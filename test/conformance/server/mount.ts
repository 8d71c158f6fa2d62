import { InMemoryServerEventBus } from '@modelcontextprotocol/server'
import { compileCatalogue } from '#kernel/calls/tool-catalogue'
import type { Principal } from '#kernel/principal'
import type { Mount } from '../../../src/surfaces/mcp/endpoint.ts'
import { askingTools } from './asking-tools.ts'
import { CONFORMANCE_SCOPE, contentTools } from './content-tools.ts'
import { noticeTools } from './notice-tools.ts'
import { registerPrompts } from './prompts.ts'
import { registerResources } from './resources.ts'

/** The principal of the suite, which sends no token. */
export const suite: Principal = {
  tenantId: 'conformance',
  actor: { kind: 'key', id: 'conformance', name: 'conformance suite' },
  scopes: new Set([CONFORMANCE_SCOPE]),
}

/**
 * The fixtures of the official conformance suite at `/mcp/conformance`. They have no effects, and are served by the same
 * code as the real tools.
 */
export function conformanceMount(): Mount {
  const bus = new InMemoryServerEventBus()
  // The suite's names are longer than our limit.
  const catalogue = compileCatalogue(
    [
      {
        name: 'conformance',
        title: 'Conformance fixtures',
        instructions: 'Fixtures of the MCP conformance suite. Nothing here has an effect.',
        toolsets: { fixtures: [...contentTools, ...noticeTools(bus), ...askingTools] },
      },
    ],
    64,
  )
  return {
    catalogue,
    asRoot: false,
    extensions: {
      conformance: {
        bus,
        capabilities: {
          tools: { listChanged: true },
          prompts: { listChanged: true },
          resources: { subscribe: true, listChanged: true },
          logging: {},
          completions: {},
        },
        register: (server) => {
          registerPrompts(server)
          registerResources(server)
        },
      },
    },
  }
}
