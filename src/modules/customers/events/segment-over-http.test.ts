import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { OpenContext } from '#kernel/context'
import { testDatabase } from '../../../../test/support/database.ts'
import { startSurface } from '../../../../test/support/http-surface.ts'
import { TEST_NOW, testTenant } from '../../../../test/support/tenant.ts'
import { groupedIngest } from './ingest.ts'
import { segmentRoutes } from './routes.ts'

const database = await testDatabase()

async function started() {
  const tenant = await testTenant(database)
  const openContext: OpenContext = (_principal, { signal }) => tenant.ctx({ signal })
  const { surface, url } = await startSurface(segmentRoutes({ ingest: groupedIngest({ openContext }) }), {
    openContext,
  })
  onTestFinished(async () => void (await surface.close(1)))
  const post = async (path: string, body: string) => {
    const headers = { authorization: 'Bearer writer', 'content-type': 'application/json' }
    const response = await fetch(`${url}${path}`, { method: 'POST', headers, body })
    // safe because: the expectations say what is in it.
    const answer = (await response.json()) as { problems?: unknown; error?: { details: { problems: unknown } } }
    return { status: response.status, problems: answer.problems ?? answer.error?.details.problems }
  }
  const events = async () => {
    const { rows } = await database.owner.query<{ event_name: string; user_id: string }>(
      'select event_name, user_id from customers.unattributed_events where tenant_id = $1 order by event_name',
      [tenant.tenantId],
    )
    return rows.map(({ event_name: name, user_id: userId }) => [name, userId])
  }
  const startDates = async () => {
    const { rows } = await database.owner.query<{ day: string }>(
      'select contract_start_date::text as day from customers.customers where tenant_id = $1',
      [tenant.tenantId],
    )
    return rows.map(({ day }) => day)
  }
  return { post, events, startDates }
}

const track = (fields: string) => `{"type": "track", "event": "Bad", ${fields}}`
const FINE = '{"type": "track", "event": "Fine", "userId": "u", "properties": {"constructor": {"prototype": 1}}}'
const number = 'a number up to 9007199254740991: a larger one loses digits, so send it as text'
const nested = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

describe('a call that cannot be stored as it was sent', () => {
  it.each([
    ['an id that lost digits', track('"userId": 1234567890123456781'), 'userId', number],
    ['an anonymous id that did', track('"anonymousId": 1234567890123456781'), 'anonymousId', number],
    ['a property that did', track('"userId": "u", "properties": {"n": [12345678901234567]}'), 'properties.n.0', number],
    [
      'a property named __proto__',
      track('"userId": "u", "properties": {"a": {"__proto__": {"x": 1}}}'),
      'properties.a.__proto__',
      'no field of this name',
    ],
    [
      'properties nested 5,000 deep',
      track(`"userId": "u", "properties": ${nested(5000)}`),
      `properties${'.a'.repeat(63)}`,
      'at most 64 levels of arrays and objects',
    ],
  ])('is refused by name, alone, and the rest of the batch is stored: %s', async (_what, call, path, expected) => {
    const { post, events } = await started()
    expect(await post('/v1/batch', `{"batch": [${call}, ${FINE}]}`)).toMatchObject({
      status: 200,
      problems: [{ index: 0, path: `batch.0.${path}`, expected }],
    })
    expect(await post('/v1/track', call)).toMatchObject({ status: 400, problems: [{ path: `body.${path}`, expected }] })
    expect(await events()).toEqual([['Fine', 'u']])
  })

  it('keeps an id of 2^53 − 1, and its neighbour sent as text', async () => {
    const { post, events } = await started()
    expect(await post('/v1/track', '{"event": "a", "userId": 9007199254740991}')).toMatchObject({ status: 200 })
    expect(await post('/v1/track', '{"event": "b", "userId": "9007199254740993"}')).toMatchObject({ status: 200 })
    expect(await events()).toEqual([
      ['a', '9007199254740991'],
      ['b', '9007199254740993'],
    ])
  })

  it('may hold what is discarded anyway', async () => {
    const { post, events } = await started()
    const discarded = `"context": {"screen": {"__proto__": 1}, "n": 12345678901234567}, "integrations": ${nested(5000)}`
    expect(await post('/v1/track', `{"event": "a", "userId": "u", ${discarded}}`)).toMatchObject({ status: 200 })
    expect(await events()).toEqual([['a', 'u']])
  })
})

describe('a field that a library left empty', () => {
  it.each([
    ['userId', '{"event": "a", "userId": "", "anonymousId": "x"}'],
    ['userId, as null', '{"event": "a", "userId": null, "anonymousId": "x"}'],
    ['anonymousId', '{"event": "a", "userId": "x", "anonymousId": ""}'],
    ['messageId', '{"event": "a", "userId": "x", "messageId": ""}'],
    ['messageId, as null', '{"event": "a", "userId": "x", "messageId": null}'],
    ['context', '{"event": "a", "userId": "x", "context": {"groupId": "", "sessionId": ""}}'],
    ['an object, as an empty array', '{"event": "a", "userId": "x", "properties": [], "context": []}'],
  ])('is absent: %s', async (_what, call) => {
    const { post, events } = await started()
    expect(await post('/v1/track', call)).toEqual({ status: 200 })
    expect(await post('/v1/batch', `{"batch": [{"type": "track", ${call.slice(1)}]}`)).toEqual({ status: 200 })
    expect(await events()).toEqual([
      ['a', 'x'],
      ['a', 'x'],
    ])
  })

  it('is absent around a batch too', async () => {
    const { post, events } = await started()
    const call = '{"type": "track", "event": "a", "userId": "x", "sentAt": ""}'
    expect(await post('/v1/batch', `{"batch": [${call}], "context": [], "sentAt": ""}`)).toEqual({ status: 200 })
    expect(await events()).toEqual([['a', 'x']])
  })

  it('is missed where it is needed', async () => {
    const { post } = await started()
    expect(await post('/v1/track', '{"event": "a", "userId": "", "anonymousId": ""}')).toMatchObject({
      status: 400,
      problems: [{ path: 'body.userId', expected: 'a userId or an anonymousId' }],
    })
  })
})

describe('the time at which a group was created', () => {
  it.each([
    ['"2025-06-01T00:00:00"', '2025-06-01'],
    ['"2025-06-01"', '2025-06-01'],
    ['"2025-06-01T01:00:00+02:00"', '2025-05-31'],
    ['1748736000000', '2025-06-01'],
  ])('%s begins the contract on %s, whatever the time zone of the server', async (createdAt, day) => {
    vi.stubEnv('TZ', 'Asia/Tokyo')
    onTestFinished(() => void vi.unstubAllEnvs())
    const { post, startDates } = await started()
    expect(await post('/v1/group', `{"groupId": "acme", "traits": {"createdAt": ${createdAt}}}`)).toEqual({
      status: 200,
    })
    expect(await startDates()).toEqual([day])
  })

  it.each(['"Order 5"', '"12"', '"01/06/2025"', '"2025-02-30"', '1748736000', 'true', '"1969-12-31"', '"2200-01-01"'])(
    '%s is refused by name',
    async (createdAt) => {
      const { post, startDates } = await started()
      expect(await post('/v1/group', `{"groupId": "acme", "traits": {"createdAt": ${createdAt}}}`)).toEqual({
        status: 400,
        problems: [
          {
            path: 'body.traits.createdAt',
            expected: 'an ISO 8601 time from 1970 to 2199, UTC if it has no offset, or milliseconds since 1970',
            example: '2025-06-01T00:00:00Z',
          },
        ],
      })
      expect(await startDates()).toEqual([])
    },
  )

  it.each(['null', '""'])('%s is not given, and the contract begins today', async (createdAt) => {
    const { post, startDates } = await started()
    await post('/v1/group', `{"groupId": "acme", "traits": {"createdAt": ${createdAt}}}`)
    expect(await startDates()).toEqual([TEST_NOW.toISOString().slice(0, 10)])
  })
})
