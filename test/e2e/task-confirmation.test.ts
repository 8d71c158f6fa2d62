import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testDatabase } from '../support/database.ts'
import { newcomer, startPeopleServer } from '../support/people.ts'
import type { Newcomer, PeopleServer } from '../support/people.ts'

const database = await testDatabase()
let server: PeopleServer
let person: Newcomer

beforeAll(async () => {
  server = await startPeopleServer(database)
  person = await newcomer(server)
})

afterAll(() => server.app.close())

const Result = z.looseObject({
  structuredContent: z.looseObject({}).optional(),
  inputRequests: z.record(z.string(), z.looseObject({ method: z.string() })).optional(),
  requestState: z.string().optional(),
})

/** A call of the stateless revision by a client that can (`asks`) or cannot ask its person questions. */
async function call(name: string, args: object, { asks = true, more = {} }: { asks?: boolean; more?: object } = {}) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': asks ? { elicitation: {} } : {},
  }
  const response = await fetch(`${server.url}/mcp/tasks`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${person.tokens.access_token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': name,
    },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { _meta, name, arguments: args, ...more },
    }),
  })
  return z.object({ result: Result }).parse(await response.json()).result
}

async function twoTasks(): Promise<number[]> {
  const { structuredContent } = await call('create_task', { tasks: [{ title: 'Pack' }, { title: 'Water' }] })
  return z
    .object({ results: z.array(z.object({ id: z.int() })) })
    .parse(structuredContent)
    .results.map(({ id }) => id)
}

async function areThere(ids: readonly number[]): Promise<boolean> {
  const { structuredContent } = await call('list_tasks', {})
  const { tasks } = z.object({ tasks: z.array(z.object({ id: z.int() })) }).parse(structuredContent)
  return ids.every((id) => tasks.some((task) => task.id === id))
}

/** Calls delete_task for these tasks, and answers the question with `answer`. */
async function deleteAndAnswer(task_ids: readonly number[], answer: object) {
  const args = { task_ids }
  const { inputRequests = {}, requestState } = await call('delete_task', args)
  const [key = ''] = Object.keys(inputRequests)
  const question = inputRequests[key]
  return {
    question,
    answered: await call('delete_task', args, { more: { requestState, inputResponses: { [key]: answer } } }),
  }
}

describe('several tasks over MCP', () => {
  it('are deleted after the person was asked and accepted', async () => {
    const ids = await twoTasks()
    const { question, answered } = await deleteAndAnswer(ids, { action: 'accept', content: { confirm: true } })
    expect(question).toMatchObject({
      method: 'elicitation/create',
      params: { message: expect.stringMatching(/^Delete 2 tasks\?.*\n- Pack\n- Water$/) },
    })
    expect(answered).toMatchObject({ structuredContent: { status: 'done', succeeded: 2 } })
    expect(await areThere(ids)).toBe(false)
  })

  it.each([{ action: 'decline' }, { action: 'cancel' }, { action: 'accept', content: { confirm: false } }])(
    'stay when the person answers %j',
    async (answer) => {
      const ids = await twoTasks()
      const { answered } = await deleteAndAnswer(ids, answer)
      expect(answered).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('NOT_CONFIRMED') }] })
      expect(await areThere(ids)).toBe(true)
    },
  )

  it('are previewed to a client that cannot ask, and deleted with the token', async () => {
    const task_ids = await twoTasks()
    const { structuredContent } = await call('delete_task', { task_ids }, { asks: false })
    expect(structuredContent).toMatchObject({ preview: { succeeded: 2 } })
    expect(await areThere(task_ids)).toBe(true)
    const { confirmation } = z
      .object({ confirmation: z.object({ confirm_token: z.string() }) })
      .parse(structuredContent)
    const again = { task_ids, confirm_token: confirmation.confirm_token }
    expect(await call('delete_task', again, { asks: false })).toMatchObject({ structuredContent: { succeeded: 2 } })
    expect(await areThere(task_ids)).toBe(false)
  })

  it('one task is deleted at once', async () => {
    const [task_id] = await twoTasks()
    expect(await call('delete_task', { task_id })).toMatchObject({ structuredContent: { status: 'deleted' } })
  })
})
