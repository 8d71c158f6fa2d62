import { z } from 'zod'
import { plainTool } from '../support/plain-tool.ts'
import { describe, expect, it } from 'vitest'
import { demoServer, startMcpServer } from './mcp-server.ts'
import { modern, send } from './post.ts'

/** A text with characters outside ASCII and outside the Basic Multilingual Plane. */
const DESCRIPTION = 'One of many – “matelot” ⚓ 🏴‍☠️'

const crew = Array.from({ length: 250 }, (_, at) =>
  plainTool({
    name: `hand_${at}`,
    title: `Hand ${at}`,
    describe: DESCRIPTION,
    effect: 'read',
    scope: 'demo:read',
    input: z.object({}),
    output: z.object({}),
    run: async () => ({}),
  }),
)

describe('a list of many tools', () => {
  it('is paged, with every tool once, in order', async () => {
    await using server = await startMcpServer({ servers: [{ ...demoServer, toolsets: { crew } }] })
    const names: unknown[] = []
    const sizes: number[] = []
    let cursor: unknown
    do {
      const { body } = await send(server, modern('tools/list', { ...(cursor !== undefined && { cursor }) }))
      const tools: unknown = body['result']?.['tools']
      if (!Array.isArray(tools)) throw new Error('a page without tools')
      sizes.push(tools.length)
      expect(tools[0]).toMatchObject({ description: DESCRIPTION })
      names.push(...tools.map((listed: { name: string }) => listed.name))
      cursor = body['result']?.['nextCursor']
    } while (cursor !== undefined)
    expect(sizes).toEqual([100, 100, 50])
    expect(names).toEqual(crew.map((listed) => listed.name))
  })
})
