import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Scope } from '#kernel/principal'
import { Failure } from '#kernel/failure'
import { testDatabase } from '../../../test/support/database.ts'
import { startSurface } from '../../../test/support/http-surface.ts'
import { taskAudit } from '../../../test/support/task-tools.ts'
import { testTenant } from '../../../test/support/tenant.ts'
import { taskRoutes } from './routes.ts'

const database = await testDatabase()
const tenant = await testTenant(database)
const SCOPES: Readonly<Record<string, readonly Scope[]>> = {
  reader: ['tasks:read'],
  writer: ['tasks:write'],
}
let started: Awaited<ReturnType<typeof startSurface>>

beforeAll(async () => {
  // The token says who calls: a person, `nobody`, or a person with one scope.
  started = await startSurface(taskRoutes(), {
    authenticate: (authorization) => {
      const [userId = '', scope = ''] = (authorization ?? '').replace('Bearer ', '').split('.')
      if (userId === '') throw new Failure('unauthenticated', 'A token is needed.')
      const scopes = SCOPES[scope] ?? ['tasks:read', 'tasks:write']
      return tenant.ctx({ scopes, ...(userId !== 'nobody' && { userId }) })
    },
    openContext: ({ userId, scopes }, { signal }) =>
      tenant.ctx({ scopes: [...scopes], signal, ...(userId !== undefined && { userId }) }),
  })
})

afterAll(() => started.surface.close(1))

let people = 0
/** Calls as a person of this test's own. */
function caller(token: string = `usr${++people}`) {
  return async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${started.url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${token}`, ...(body !== undefined && { 'Content-Type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    // safe because: every route answers JSON, and what is read of it is compared.
    return { status: response.status, ...((await response.json()) as Record<string, unknown>) }
  }
}

describe('tasks over REST', () => {
  it('are added with 201, listed, read, changed, toggled and deleted', async () => {
    const call = caller()
    expect(await call('POST', '/api/v1/tasks', { title: 'Call Ada', due: '2026-11-21' })).toMatchObject({
      status: 201,
      data: { id: 1, status: 'created', task: { title: 'Call Ada', due_relative: 'tomorrow' } },
    })
    expect(await call('GET', '/api/v1/tasks?filter=incomplete&limit=5&overdue=false')).toMatchObject({
      data: { tasks: [{ id: 1 }], total: 1 },
    })
    expect(await call('PUT', '/api/v1/tasks/1', { description: 'soon' })).toMatchObject({
      data: { task: { title: 'Call Ada', description: 'soon' } },
    })
    expect(await call('PATCH', '/api/v1/tasks/1/complete')).toMatchObject({ data: { task: { completed: true } } })
    expect(await call('PATCH', '/api/v1/tasks/1/complete')).toMatchObject({ data: { task: { completed: false } } })
    expect(await call('GET', '/api/v1/tasks/1')).toMatchObject({ data: { task: { id: 1, version: 4 } } })
    expect(await call('DELETE', '/api/v1/tasks/1')).toMatchObject({ data: { id: 1, title: 'Call Ada' } })
    expect(await call('GET', '/api/v1/tasks/1')).toMatchObject({ status: 404, error: { code: 'TASK_NOT_FOUND' } })
    const audited = (await taskAudit(database, tenant)).filter((row) => row.endsWith(' usr1/1'))
    expect(audited.map((row) => row.split(' ')[0])).toEqual([
      ...['tasks.complete', 'tasks.complete', 'tasks.create', 'tasks.delete', 'tasks.update'],
    ])
  })

  it('have their tags listed, the most used first, whatever the case, and nobody else’s', async () => {
    const [mine, theirs] = [caller(), caller()]
    await mine('POST', '/api/v1/tasks', { title: 'a', tags: ['Home', 'urgent'] })
    await mine('POST', '/api/v1/tasks', { title: 'b', tags: ['Home'] })
    await mine('POST', '/api/v1/tasks', { title: 'c', tags: ['home'] })
    await mine('PATCH', '/api/v1/tasks/3/complete')
    await theirs('POST', '/api/v1/tasks', { title: 'd', tags: ['secret'] })
    expect(await mine('GET', '/api/v1/tasks/tags')).toMatchObject({
      status: 200,
      data: {
        tags: [
          { tag: 'Home', tasks: 3, open: 2 },
          { tag: 'urgent', tasks: 1, open: 1 },
        ],
      },
    })
  })

  it('are tagged, and found by one or several tags', async () => {
    const call = caller()
    await call('POST', '/api/v1/tasks', {
      tasks: [
        { title: 'a', tags: ['x'] },
        { title: 'b', tags: ['x', 'y z'] },
      ],
    })
    expect(await call('GET', '/api/v1/tasks?tags=x')).toMatchObject({ data: { total: 2 } })
    expect(await call('GET', '/api/v1/tasks?tags=x&tags=y%20z')).toMatchObject({ data: { total: 1 } })
  })

  it('are completed and deleted without a body: the arguments are in the query', async () => {
    const call = caller()
    await call('POST', '/api/v1/tasks', { title: 'a' })
    const stale = '?expected_version=7&time_zone=Europe/Berlin'
    for (const [method, path] of [
      ['PATCH', '/api/v1/tasks/1/complete'],
      ['DELETE', '/api/v1/tasks/1'],
    ] as const) {
      expect(await call(method, path + stale)).toMatchObject({ status: 409, error: { code: 'VERSION_CONFLICT' } })
      expect(await call(method, `${path}?idempotency_key=${method}&time_zone=Europe/Berlin`)).toMatchObject({
        status: 200,
        data: { id: 1, time_zone: 'Europe/Berlin' },
      })
      expect(await call(method, `${path}?undo=true`)).toMatchObject({
        status: 400,
        error: { details: { problems: [{ path: 'query.undo' }] } },
      })
    }
  })

  it.each(['0', '-1', '1.5', 'abc', '1e3', '0x1', '99999999999', '%20'])('refuse the id %s', async (id) => {
    expect(await caller()('GET', `/api/v1/tasks/${id}`)).toMatchObject({
      status: 400,
      error: { code: 'INVALID_PARAMETERS', details: { problems: [{ path: 'path.id' }] } },
    })
  })

  it.each([
    ['POST', '/api/v1/tasks', {}, 'body.title'],
    ['POST', '/api/v1/tasks', { title: ' ' }, 'body.title'],
    ['POST', '/api/v1/tasks', { title: 'nul \0' }, 'body.title'],
    ['POST', '/api/v1/tasks', { title: 'x', user_id: 'usr_2' }, 'body.user_id'],
    ['PUT', '/api/v1/tasks/1', {}, 'body'],
    ['GET', '/api/v1/tasks?limit=0', undefined, 'query.limit'],
    ['GET', '/api/v1/tasks?limit=1001', undefined, 'query.limit'],
    ['GET', '/api/v1/tasks?due_from=2026-12-01&due_to=2026-11-01', undefined, 'query.due_from'],
    ['GET', '/api/v1/tasks?time_zone=Mars', undefined, 'query.time_zone'],
    ['GET', '/api/v1/tasks?search=%00', undefined, 'query.search'],
  ])('%s %s %j is refused with the path of the problem', async (method, path, body, problem) => {
    expect(await caller()(method, path, body)).toMatchObject({
      status: 400,
      error: { details: { problems: [{ path: problem }] } },
    })
  })

  it.each([
    ['GET', '/api/v1/tasks', 'writer'],
    ['POST', '/api/v1/tasks', 'reader'],
    ['GET', '/api/v1/tasks/1', 'writer'],
    ['PUT', '/api/v1/tasks/1', 'reader'],
    ['DELETE', '/api/v1/tasks/1', 'reader'],
    ['PATCH', '/api/v1/tasks/1/complete', 'reader'],
  ])('%s %s needs its scope, a person, and the task to be theirs', async (method, path, other) => {
    const owner = `usr${++people}`
    await caller(owner)('POST', '/api/v1/tasks', { title: 'private' })
    const body = method === 'PUT' ? { title: 'x' } : method === 'POST' ? { title: 'x' } : undefined
    expect(await caller(`${owner}.${other}`)(method, path, body)).toMatchObject({ status: 403 })
    expect(await caller('nobody')(method, path, body)).toMatchObject({ status: 403, error: { code: 'USER_REQUIRED' } })
    const answer = await caller()(method, path, body)
    expect(JSON.stringify(answer)).not.toContain('private')
    if (path.includes('/1')) expect(answer).toMatchObject({ status: 404, error: { code: 'TASK_NOT_FOUND' } })
  })
})
