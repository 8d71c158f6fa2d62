import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testDatabase } from '../support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../support/people.ts'
import type { JsonClient, Newcomer, PeopleServer } from '../support/people.ts'

const database = await testDatabase()
let server: PeopleServer
let api: JsonClient
let person: Newcomer
let neighbour: Newcomer

beforeAll(async () => {
  // Twenty writers wait for one row, on a busy machine longer than the default timeout of five seconds.
  server = await startPeopleServer(database, { DB_STATEMENT_TIMEOUT: '60' })
  api = jsonClient(server.url)
  person = await newcomer(server)
  neighbour = await newcomer(server)
})

afterAll(() => server.app.close())

const Answer = z.object({
  result: z.object({ isError: z.boolean().optional(), structuredContent: z.looseObject({}).optional() }).optional(),
})

/** The result of a tool call over MCP, with an access token. */
async function tool(
  name: string,
  args: Readonly<Record<string, unknown>> = {},
  token: string = person.tokens.access_token,
) {
  const response = await fetch(`${server.url}/mcp/tasks`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${token}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  })
  const text = await response.text()
  const { result } = Answer.parse(JSON.parse(text))
  return {
    isError: result?.isError !== false && result?.structuredContent === undefined,
    text,
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    ...result?.structuredContent,
  } as Record<string, unknown> & {
    readonly isError: boolean
    readonly text: string
  }
}

describe('the smoke calls of the task server', () => {
  it('the server is healthy, sign-in returns a token, and six tools are listed', async () => {
    expect((await api.get('/health')).body).toMatchObject({ status: 'healthy', database: 'connected' })
    const signIn = await api.post('/api/auth/signin', { email: person.email, password: person.password })
    expect(signIn).toMatchObject({ status: 200, body: { access_token: expect.any(String) } })
    const { body } = await api.get('/mcp/tools')
    expect(body).toMatchObject({ server: 'tasks', count: 6 })
    expect((body['tools'] as { name: string }[]).map(({ name }) => name)).toEqual([
      ...['list_tasks', 'create_task', 'update_task', 'delete_task', 'get_task', 'mark_complete'],
    ])
  })

  it('the list says where the tools of other servers are listed and called', async () => {
    const { body } = await api.get('/mcp/tools')
    const [customers] = body['otherServers'] as { count: number; tools: string; endpoint: string }[]
    expect(customers).toMatchObject({ name: 'customers', endpoint: '/mcp/customers' })
    const others = await api.get(customers?.tools ?? '')
    expect(others.body).toMatchObject({
      server: 'customers',
      count: customers?.count,
      otherServers: [{ name: 'tasks' }],
    })
    const all = await api.get(String(body['allTools']))
    expect(all.body).toMatchObject({ server: 'all', count: 6 + (customers?.count ?? 0), otherServers: [] })
    expect(all.body['tools']).toHaveLength(6 + (customers?.count ?? 0))
  })

  it('tasks are created, listed, completed, updated and deleted, invisible to other people', async () => {
    const created = await tool('create_task', { title: 'Buy milk' })
    expect(created).toMatchObject({ isError: false, status: 'created', task: { title: 'Buy milk', completed: false } })
    const task_id = created['id']
    expect(await tool('list_tasks')).toMatchObject({ tasks: [{ id: task_id }], total: 1, pending_count: 1 })
    expect(await tool('mark_complete', { task_id })).toMatchObject({ task: { completed: true } })
    expect(await tool('update_task', { task_id, title: 'Buy oat milk' })).toMatchObject({
      task: { title: 'Buy oat milk' },
    })
    expect(await tool('list_tasks', {}, neighbour.tokens.access_token)).toMatchObject({ tasks: [], total: 0 })
    for (const [name, args] of [
      ['get_task', { task_id }],
      ['update_task', { task_id, title: 'stolen' }],
      ['mark_complete', { task_id }],
      ['delete_task', { task_id }],
    ] as const) {
      const answer = await tool(name, args, neighbour.tokens.access_token)
      expect(answer.isError).toBe(true)
      expect(answer.text).toContain('TASK_NOT_FOUND')
      expect(answer.text).not.toContain('milk')
    }
    expect(await tool('get_task', { task_id })).toMatchObject({ task: { title: 'Buy oat milk' } })
    expect(await tool('delete_task', { task_id })).toMatchObject({ id: task_id, title: 'Buy oat milk' })
    expect((await tool('get_task', { task_id })).text).toContain('TASK_NOT_FOUND')
  })

  it('a task added by a tool call can be read over REST, at the current and the former path', async () => {
    const { id } = await tool('create_task', { title: 'Both paths' })
    for (const path of ['/api/v1/tasks', '/api/tasks']) {
      const { status, body } = await api.get(`${path}/${String(id)}`, person.tokens.access_token)
      expect({ status, body }).toMatchObject({ status: 200, body: { data: { task: { title: 'Both paths' } } } })
    }
    expect((await api.get('/api/v1/tasks')).status).toBe(401)
  })

  it('a key that a person created acts for them; a key of the command line acts for no person', async () => {
    const made = await api.post(
      '/api/v1/keys',
      { name: 'agent', scopes: ['tasks:read', 'tasks:write'] },
      person.tokens.access_token,
    )
    const key = JSON.stringify(made.body).match(/plim_[\w-]+/)?.[0] ?? ''
    await tool('create_task', { title: 'By hand' })
    expect(await tool('list_tasks', { search: 'by hand' }, key)).toMatchObject({ tasks: [{ title: 'By hand' }] })
    const scopes = ['tasks:read', 'tasks:write', 'keys:write', 'access:write'] as const
    const operator = server.app.openContext(
      { tenantId: person.tenantId, actor: { kind: 'cli', id: 'cli' }, scopes: new Set(scopes) },
      { requestId: 'req_test', signal: new AbortController().signal },
    )
    const nobody = await server.app.access.createKey(operator, { name: 'job', scopes: ['tasks:read'] })
    const refused = await tool('list_tasks', {}, nobody.key)
    expect(refused).toMatchObject({ status: 403, challenge: null })
    expect(refused.text).toContain('USER_REQUIRED')
  })
})

describe('20 concurrent writers of one task over MCP', () => {
  it('lose no update when each sends the version it has read, and retries on a conflict', async () => {
    const { id: task_id } = await tool('create_task', { title: 'Counter', description: '0' })
    const add = async (): Promise<number> => {
      for (let tries = 1; tries <= 200; tries++) {
        const { task } = await tool('get_task', { task_id })
        const { description, version } = z.object({ description: z.string(), version: z.int() }).parse(task)
        const args = { task_id, description: String(Number(description) + 1), expected_version: version }
        const answer = await tool('update_task', args)
        if (!answer.isError) return tries
        expect(answer.text).toContain('VERSION_CONFLICT')
      }
      throw new Error('every try was a conflict')
    }
    const tries = await Promise.all(Array.from({ length: 20 }, add))
    expect(Math.max(...tries)).toBeGreaterThan(1)
    expect(await tool('get_task', { task_id })).toMatchObject({ task: { description: '20', version: 21 } })
  })

  it('keep the fields of one another when they write without a version: the last write of each field wins', async () => {
    const { id: task_id } = await tool('create_task', { title: 'Shared' })
    const changes = [{ title: 'title' }, { description: 'description' }, { priority: 'high' }, { tags: ['tag'] }]
    const writers = Array.from({ length: 20 }, (_, at) => ({ task_id, ...changes[at % changes.length] }))
    const answers = await Promise.all(writers.map((args) => tool('update_task', args)))
    expect(answers.filter(({ isError }) => isError)).toEqual([])
    expect(await tool('get_task', { task_id })).toMatchObject({
      task: { title: 'title', description: 'description', priority: 'high', tags: ['tag'], version: 5 },
    })
  })
})
