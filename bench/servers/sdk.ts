// A server with the official SDK, set up as in its guide: no token, no limit, no metric, no audit.
// Argument: the tools to offer, `echo`, `product` or `many`.
import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import type { Tool } from '#kernel/calls/tool'
import { echoShape } from './echo.ts'
import { manyTools, productTools } from './many-tools.ts'
import { listen } from './ready.ts'

const which = process.argv[2] ?? 'echo'
const tools: readonly Tool[] = which === 'many' ? manyTools() : which === 'product' ? productTools() : []

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'sdk', version: '1.0.0' })
  if (which === 'echo') registerEcho(server)
  for (const { name, title, describe, input, output, effect } of tools) {
    const annotations = { readOnlyHint: effect === 'read', destructiveHint: effect === 'destroy' }
    const shape = { title, description: describe, inputSchema: input, outputSchema: output, annotations }
    server.registerTool(name, shape, () => ({ content: [] }))
  }
  return server
})
const serve = toNodeHandler(handler)

// safe because: the adapter expects an IncomingMessage; only its optional fields are typed more strictly.
listen(createServer((req, res) => void serve(req as Parameters<typeof serve>[0], res)))

function registerEcho(server: McpServer): void {
  const { name, title, description, input, output } = echoShape
  server.registerTool(name, { title, description, inputSchema: input, outputSchema: output }, ({ text }) => ({
    content: [{ type: 'text', text: JSON.stringify({ text }) }],
    structuredContent: { text },
  }))
}
