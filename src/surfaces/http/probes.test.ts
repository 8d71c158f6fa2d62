import { describe, expect, it } from 'vitest'
import { errorOf, exchange, startSurface } from '../../../test/support/http-surface.ts'
import type { ReadinessCheck } from '#kernel/startup/readiness'

const TOKEN = 'f3a9c1d07b5e4826a1c9e7d3b5f08264'

/** Serves probes that answer so, for the time of `use`. */
async function served(
  probes: { database?: () => Promise<boolean>; ready?: () => Promise<readonly ReadinessCheck[]> },
  use: (url: string) => Promise<void>,
  env: Record<string, string> = {},
) {
  const { surface, url } = await startSurface([], {
    env,
    probes: { database: async () => true, ready: async () => [], ...probes },
  })
  try {
    await use(url)
  } finally {
    await surface.close(1)
  }
}

async function answerOf(url: string, headers: Record<string, string> = {}) {
  const response = await fetch(url, { headers })
  const body: unknown = await response.json()
  return { status: response.status, body }
}

describe('/health', () => {
  it('says healthy and connected', () =>
    served({}, async (url) => {
      expect(await answerOf(`${url}/health`)).toEqual({
        status: 200,
        body: { status: 'healthy', database: 'connected' },
      })
    }))

  it.each([
    ['says no', async () => false],
    ['fails', async () => Promise.reject(new Error('refused'))],
    ['hangs', () => new Promise<boolean>(() => undefined)],
  ])('is 503 when the database %s', (_what, database) =>
    served({ database }, async (url) => {
      expect(await answerOf(`${url}/health`)).toEqual({
        status: 503,
        body: { status: 'unhealthy', database: 'disconnected' },
      })
    }),
  )

  it('asks the database once however many ask, and is outside the limits', async () => {
    let asked = 0
    const gate = Promise.withResolvers<boolean>()
    const database = () => {
      asked += 1
      return gate.promise
    }
    await served(
      { database },
      async (url) => {
        const pending = Array.from({ length: 20 }, () => answerOf(`${url}/health`))
        while (asked === 0) await answerOf(`${url}/version`)
        gate.resolve(true)
        const statuses = (await Promise.all(pending)).map(({ status }) => status)
        expect(statuses).toEqual(statuses.map(() => 200))
        expect(asked).toBeLessThan(20)
      },
      { RATE_LIMIT_PER_IP_PER_MINUTE: '1' },
    )
  })
})

it.each(['/health', '/ready', '/metrics'])('%s answers a load balancer that sends HTTP/1.0 without Host', (path) =>
  served({}, async (url) => {
    const port = Number(new URL(url).port)
    expect(await exchange(port, `GET ${path} HTTP/1.0\r\n\r\n`)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await exchange(port, `GET ${path} HTTP/1.1\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403 /)
    expect(await exchange(port, 'GET /version HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403 /)
  }),
)

describe('/ready', () => {
  it('names each failing check, and what is wrong with it', async () => {
    const good = { name: 'database', ok: true, message: 'connected' }
    const bad = { name: 'migrations', ok: false, message: '2 migrations are pending' }
    await served({ ready: async () => [good, bad] }, async (url) => {
      expect(await answerOf(`${url}/ready`)).toEqual({
        status: 503,
        body: { status: 'not_ready', failing: [bad], checks: [good, bad] },
      })
    })
    await served({ ready: async () => [good] }, async (url) => {
      expect(await answerOf(`${url}/ready`)).toMatchObject({ status: 200, body: { status: 'ready', failing: [] } })
    })
  })
})

describe('/metrics', () => {
  it('is Prometheus text, open when no token is set', () =>
    served({}, async (url) => {
      const response = await fetch(`${url}/metrics`)
      expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4')
      expect(await response.text()).toContain('# TYPE mcp_tool_execution_total counter')
    }))

  it('asks for its token when one is set', () =>
    served(
      {},
      async (url) => {
        const refused = await fetch(`${url}/metrics`)
        expect([refused.status, (await errorOf(refused)).code]).toEqual([401, 'UNAUTHENTICATED'])
        const wrong = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}x` } })
        expect(wrong.status).toBe(401)
        const right = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${TOKEN}` } })
        expect(right.status).toBe(200)
      },
      { METRICS_TOKEN: TOKEN },
    ))
})

describe('/version', () => {
  it('says which version runs, with and without the version prefix', () =>
    served({}, async (url) => {
      expect(await answerOf(`${url}/version`)).toMatchObject({ body: { name: 'plimsoll', version: '1.2.3' } })
      expect(await answerOf(`${url}/api/version`)).toMatchObject({ body: { data: { version: '1.2.3', api: 'v1' } } })
    }))
})
