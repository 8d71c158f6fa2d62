import type { Readable, Writable } from 'node:stream'
import { StdioServerTransport, serveStdio as serveSdkStdio } from '@modelcontextprotocol/server/stdio'
import type { Principal } from '#kernel/context'
import { compileCatalogue } from '#kernel/tool-catalogue'
import { endpointsOf, findEndpoint } from './endpoint.ts'
import { runningCalls } from './running-calls.ts'
import { sdkServer } from './sdk.ts'
import { serverIdentity } from './server-identity.ts'
import { toolCallsOf } from './surface.ts'
import type { McpSurfaceOptions } from './surface.ts'
import { toolCallResults } from './tool-call.ts'

export interface StdioOptions extends Omit<McpSurfaceOptions, 'authenticate'> {
  /** Whoever started the process: found once, from the API key it was given. */
  readonly principal: Principal
  /** Which tools to show, as the path of the HTTP endpoint that shows the same: `/mcp`, `/mcp/customers?readonly`. */
  readonly path: string
  readonly input?: Readable
  readonly output?: Writable
}

/**
 * Serves one caller over a pipe, in whichever revision it opens. Nothing else may write to the output. Resolves with a
 * function that closes the pipe.
 */
export function serveStdio(options: StdioOptions): () => Promise<void> {
  const { principal, limiter, clock, secret, log } = options
  const endpoint = findEndpoint(
    endpointsOf([{ catalogue: compileCatalogue(options.servers), asRoot: true }]),
    options.path,
  )
  if (endpoint === undefined) throw new Error(`There is no MCP endpoint ${options.path}.`)
  const identity = serverIdentity(options.version)
  const results = toolCallResults({ callTool: toolCallsOf(options), limiter, identity, secret, clock })
  const parts = { identity, toolCalls: results, log, running: runningCalls() }
  const handle = serveSdkStdio(({ era }) => sdkServer(endpoint, () => principal, era === 'modern', parts), {
    transport: new StdioServerTransport(options.input, options.output),
    onerror: (error) => log.debug({ err: error }, 'mcp stdio'),
  })
  return () => handle.close()
}
