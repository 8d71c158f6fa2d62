import { z } from 'zod'
import { Failure } from '#kernel/failure'

const Tool = z.object({
  name: z.string(),
  description: z.string().default(''),
  inputSchema: z.object({
    properties: z.record(z.string(), z.unknown()).default({}),
    required: z.array(z.string()).default([]),
  }),
})
export type Tool = z.output<typeof Tool>

const ToolPage = z.object({ tools: z.array(Tool), nextCursor: z.string().optional() })
const Result = z.object({
  isError: z.boolean().default(false),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  content: z.array(z.object({ text: z.string().optional() })).default([]),
})
export type Result = z.output<typeof Result>

const Reply = z.object({
  result: z.unknown().optional(),
  error: z.union([z.object({ message: z.string() }), z.string()]).optional(),
})

export interface ToolCaller {
  tools(): Promise<readonly Tool[]>
  call(name: string, args: Readonly<Record<string, unknown>>): Promise<Result>
}

/** Calls the tools of an MCP endpoint with an API key or access token. */
export function toolCaller({
  url,
  key,
  timeoutSeconds,
}: {
  url: string
  key: string
  timeoutSeconds: number
}): ToolCaller {
  const request = async (method: string, params: object): Promise<unknown> => {
    let response: Response
    try {
      response = await fetch(url, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2025-11-25',
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
        signal: AbortSignal.timeout(timeoutSeconds * 1000),
      })
    } catch (cause) {
      throw new Failure(
        'unavailable',
        `No server answers at ${url}. Start one with npm start, or name it with --url.`,
        {
          cause,
        },
      )
    }
    const reply = Reply.safeParse(await response.json().catch(() => undefined))
    if (!reply.success)
      throw new Failure('upstream', `${url} answered ${response.status}, and not as an MCP server does.`)
    const { error, result } = reply.data
    if (error !== undefined) throw new Failure('invalid', typeof error === 'string' ? error : error.message)
    return result
  }
  return {
    async tools() {
      const found: Tool[] = []
      let cursor: string | undefined
      do {
        const page = ToolPage.parse(await request('tools/list', cursor === undefined ? {} : { cursor }))
        found.push(...page.tools)
        cursor = page.nextCursor
      } while (cursor !== undefined)
      return found
    },
    call: async (name, args) => Result.parse(await request('tools/call', { name, arguments: args })),
  }
}
