import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { App } from '../../src/app.ts'
import { startApp } from '../support/app.ts'
import { addCustomers } from '../support/customer-data.ts'
import { testDatabase } from '../support/database.ts'
import { taskPerson } from '../support/task-tools.ts'
import type { TaskPerson } from '../support/task-tools.ts'
import { SEALING, tenantRows } from '../support/tenant-rows.ts'
import { testTenant } from '../support/tenant.ts'
import type { TestTenant } from '../support/tenant.ts'

/**
 * What each registered tool is called with: one or more calls that succeed on the customer both tenants have. A tool
 * that is missing here fails the walk.
 */
const CALLS: Readonly<Record<string, readonly Readonly<Record<string, unknown>>[]>> = {
  register_client: [{ client_name: 'Newcomer' }],
  get_client_overview: [{ client_id: 'shared' }],
  update_client_info: [{ client_id: 'shared', updates: { industry: 'Retail' } }],
  list_clients: [{}, { health_score_max: 100 }],
  get_client_timeline: [{ client_id: 'shared' }],
  track_usage_engagement: [
    { client_id: 'shared', event_name: 'login' },
    { client_id: 'shared', period_start: '2026-11-01', period_end: '2026-11-20' },
  ],
  calculate_health_score: [{ client_id: 'shared' }],
  segment_customers: [{ segmentation_type: 'industry', criteria: {}, min_segment_size: 1 }],
  track_feature_adoption: [{}, { client_id: 'shared' }],
  manage_lifecycle_stages: [
    {},
    { client_id: 'shared', action: 'transition', new_stage: 'active', transition_reason: 'live' },
  ],
  track_adoption_milestones: [{}, { client_id: 'shared' }],
  segment_by_value_tier: [{ segmentation_criteria: {} }],
  analyze_engagement_patterns: [{}],
}

/** The same of each tool that is for one person, called for one of two people of a tenant on the task both have. */
const PERSON_CALLS: typeof CALLS = {
  list_tasks: [{}, { search: 'task', overdue: true }],
  create_task: [{ title: 'Newcomer' }, { tasks: [{ title: 'Newcomer', parent_id: 1 }] }],
  update_task: [{ task_id: 1, title: 'Changed' }, { task_ids: [1], priority: 'high' }, { undo: true }],
  delete_task: [{ task_id: 1 }, { task_ids: [2, 3] }],
  get_task: [{ task_id: 2 }],
  mark_complete: [{ task_id: 2 }, { task_ids: [2, 3] }],
}

const database = await testDatabase()
let app: App
let url: string
let tools: readonly string[]
let alpha: TestTenant
let bravoKey: string

beforeAll(async () => {
  ;({ app, url } = await startApp(database))
  // safe because: the walk checks what it reads of the answer.
  const listing = (await (await fetch(`${url}/mcp/tools?server=all`)).json()) as { tools: { name: string }[] }
  tools = listing.tools.map(({ name }) => name)
  const bravo = await testTenant(database)
  alpha = await testTenant(database)
  await fill(alpha, 'Alpha', ['shared', 'only_alpha'])
  await fill(bravo, 'Bravo', ['shared', 'only_bravo'])
  const scopes = ['customers:read' as const, 'customers:write' as const]
  ;({ key: bravoKey } = await app.access.createKey(bravo.ctx(), { name: 'bravo', scopes }))
})

afterAll(() => app.close())

describe('of two tenants with the same customer ids', () => {
  it('every registered tool is walked', () => {
    expect(tools.length).toBeGreaterThan(0)
    expect(tools.toSorted((a, b) => a.localeCompare(b))).toEqual(
      Object.keys({ ...CALLS, ...PERSON_CALLS }).toSorted((a, b) => a.localeCompare(b)),
    )
  })

  it.each(Object.entries(CALLS).flatMap(([name, calls]) => calls.map((args) => [name, args] as const)))(
    '%s %j with one’s key shows and changes nothing of the other',
    async (name, args) => {
      const before = await tenantRows(database, alpha.tenantId, SEALING)
      const answer = await call(name, args)
      expect(answer).not.toMatch(/"isError":true|"error":/)
      expect(answer).not.toMatch(/alpha/i)
      expect(await tenantRows(database, alpha.tenantId, SEALING)).toEqual(before)
    },
  )

  it.each(
    Object.entries(CALLS).flatMap(([name, calls]) =>
      calls.filter((args) => 'client_id' in args).map((args) => [name, args] as const),
    ),
  )('%s %j does not find the customer that only the other has', async (name, args) => {
    const before = await tenantRows(database, alpha.tenantId, SEALING)
    const answer = await call(name, { ...args, client_id: 'only_alpha' })
    expect(answer).toContain('CLIENT_NOT_FOUND')
    expect(answer.replaceAll('only_alpha', '')).not.toMatch(/alpha/i)
    expect(await tenantRows(database, alpha.tenantId, SEALING)).toEqual(before)
  })
})

describe.each(['of the same tenant', 'of the same id in another tenant'])('of two people %s', (where) => {
  it.each(Object.entries(PERSON_CALLS).flatMap(([name, calls]) => calls.map((args) => [name, args] as const)))(
    '%s %j for one shows and changes nothing of the other',
    async (name, args) => {
      const charlie = await personWithTasks('Charlie', 'usr_charlie', 4)
      const delta =
        where === 'of the same tenant'
          ? await personWithTasks('Delta', 'usr_delta', 3, charlie.tenant)
          : await personWithTasks('Delta', 'usr_charlie', 3)
      const before = await tasksOf(charlie)
      const answer = JSON.stringify(await delta.confirmed(name, args))
      expect(answer).not.toMatch(/charlie/i)
      expect(await tasksOf(charlie)).toEqual(before)
    },
  )

  it.each(
    Object.entries(PERSON_CALLS).flatMap(([name, calls]) =>
      calls.filter((args) => 'task_id' in args).map((args) => [name, args] as const),
    ),
  )('%s %j does not find the task that only the other has', async (name, args) => {
    const charlie = await personWithTasks('Charlie', 'usr_charlie', 4)
    const delta =
      where === 'of the same tenant'
        ? await personWithTasks('Delta', 'usr_delta', 3, charlie.tenant)
        : await personWithTasks('Delta', 'usr_charlie', 3)
    const before = await tasksOf(charlie)
    expect(await delta.call(name, { ...args, task_id: 4 })).toMatchObject({ failure: { code: 'TASK_NOT_FOUND' } })
    expect(await tasksOf(charlie)).toEqual(before)
  })
})

async function personWithTasks(name: string, userId: string, tasks: number, tenant?: TestTenant): Promise<TaskPerson> {
  const person = await taskPerson(database, tenant, userId)
  for (let at = 1; at <= tasks; at++) await person.add({ title: `${name} task`, description: name, tags: [name] })
  return person
}

async function tasksOf({ tenant, userId }: TaskPerson): Promise<readonly unknown[]> {
  const read = (table: string) =>
    database.owner.query<{ row: unknown }>(
      `select to_jsonb(t) as row from tasks.${table} t where tenant_id = $1 and user_id = $2 order by 1`,
      [tenant.tenantId, userId],
    )
  const all = await Promise.all(['tasks', 'people', 'undo'].map(read))
  expect(all.every(({ rows }) => rows.length > 0)).toBe(true)
  return all.flatMap(({ rows }) => rows)
}

async function fill(tenant: TestTenant, name: string, clientIds: readonly string[]): Promise<void> {
  const usage = Array.from({ length: 15 }, (_, at) => ({
    day: `2026-11-${String(at + 4).padStart(2, '0')}`,
    events: 10 + at,
    users: [`${name} user`],
    features: [`${name} feature`],
  }))
  const answers = [{ kind: 'nps', score: 8, at: '2026-11-10T10:00:00Z' }]
  const tickets = [{ openedAt: '2026-11-12T10:00:00Z', priority: 'P2', status: 'open' }]
  const customers = clientIds.map((clientId) => ({
    clientId,
    name: `${name} ${clientId.replace('only_', '')}`,
    industry: `${name} industry`,
    value: 60_000,
    usage,
    answers,
    tickets,
  }))
  await addCustomers(database, tenant.tenantId, customers)
  await app.customers.recomputeHealth(tenant.ctx())
}

async function call(name: string, args: Readonly<Record<string, unknown>>): Promise<string> {
  const response = await fetch(`${url}/mcp`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${bravoKey}`,
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
  })
  return response.text()
}
