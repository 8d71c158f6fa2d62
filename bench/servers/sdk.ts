// The official SDK as its guide sets it up, with nothing on: no token, no limit, no metric, no audit.
import { createServer } from 'node:http'
import { toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { echoShape } from './echo.ts'
import { listen } from './ready.ts'

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'sdk', version: '1.0.0' })
  const { name, title, description, input, output } = echoShape
  server.registerTool(name, { title, description, inputSchema: input, outputSchema: output }, ({ text }) => ({
    content: [{ type: 'text', text: JSON.stringify({ text }) }],
    structuredContent: { text },
  }))
  return server
})
const serve = toNodeHandler(handler)

// safe because: an IncomingMessage is what the adapter is made for; only its optional fields are typed more strictly.
listen(createServer((req, res) => void serve(req as Parameters<typeof serve>[0], res)))
