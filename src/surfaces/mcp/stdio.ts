import { PassThrough } from 'node:stream'
import type { Readable, Writable } from 'node:stream'
import { setImmediate } from 'node:timers/promises'
import { StdioServerTransport, serveStdio as serveSdkStdio } from '@modelcontextprotocol/server/stdio'
import type { Principal } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import { compileCatalogue } from '#kernel/calls/tool-catalogue'
import { callCounter } from './authenticated-request.ts'
import { endpointsOf, findEndpoint } from './endpoint.ts'
import { runningCalls } from './running-calls.ts'
import { sdkServer } from './sdk.ts'
import { serverIdentity } from './server-identity.ts'
import { toolCallsOf } from './surface.ts'
import type { McpSurfaceOptions } from './surface.ts'
import { toolCallResults } from './tool-call.ts'
import type { ToolCalls } from './tool-call.ts'

export interface StdioOptions extends Omit<McpSurfaceOptions, 'authenticate' | 'observeRequest' | 'mounts'> {
  /** Authenticates the caller; called for every call, because its key may be revoked or expire while the pipe is open. */
  readonly caller: () => Principal | Promise<Principal>
  /** The endpoint to serve, by its HTTP path: `/mcp`, `/mcp/customers?readonly`. */
  readonly path: string
  readonly input?: Readable
  readonly output?: Writable
}

/**
 * Serves one MCP client over standard input and output, in any supported revision. Nothing else may write to the
 * output. Returns a function that waits for running calls up to the deadline, cancels the rest, and closes the pipe.
 */
export function serveStdio(options: StdioOptions): (deadlineSeconds: number) => Promise<void> {
  const { caller, limiter, clock, keyring, log, noteAccess } = options
  const endpoint = findEndpoint(
    endpointsOf([{ catalogue: compileCatalogue(options.servers), asRoot: true }]),
    options.path,
  )
  if (endpoint === undefined) throw new Failure('not_found', `There is no MCP endpoint ${options.path}.`)
  const identity = serverIdentity(options.version)
  const results = toolCallResults({ callTool: toolCallsOf(options), identity, keyring, clock, noteAccess })
  const countCall = callCounter(limiter, clock)
  const toolCalls: ToolCalls = {
    ...results,
    resultJson: async (exchange, message) => {
      await countCall({ principal: exchange.principal, rate: [] })
      return results.resultJson(exchange, message)
    },
  }
  const running = runningCalls()
  const parts = { identity, toolCalls, log, running }
  // The SDK drops pending requests when its input ends, so its input ends only when everything is answered.
  const input = (options.input ?? process.stdin).pipe(new PassThrough(), { end: false })
  const handle = serveSdkStdio(({ era }) => sdkServer(endpoint, caller, era === 'modern', parts), {
    transport: new StdioServerTransport(input, options.output),
    onerror: (error) => log.debug({ err: error }, 'mcp stdio'),
  })
  return async (deadlineSeconds) => {
    // The last message read may not have reached the SDK yet, nor its last answer the output.
    await setImmediate()
    await running.drain(deadlineSeconds)
    await setImmediate()
    await handle.close()
  }
}
