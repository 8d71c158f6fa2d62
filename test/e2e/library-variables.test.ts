import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../support/database.ts'
import { startProduct } from '../support/product-process.ts'
import type { ProductProcess } from '../support/product-process.ts'

const database = await testDatabase()
const PAGE = 'https://app.example'

/** The requests to the telemetry endpoint of the auth library. */
const reports: string[] = []
const collector = createServer((req, res) => {
  reports.push(req.url ?? '')
  res.end()
})

let product: ProductProcess
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-variables-'))
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve))
  // safe because: a server that listens on TCP has an address with a port.
  const { port } = collector.address() as AddressInfo
  product = await startProduct({
    ENVIRONMENT: 'test',
    DATABASE_URL: database.url,
    DATA_DIR: folder,
    CORS_ORIGINS: PAGE,
    BETTER_AUTH_TRUSTED_ORIGINS: PAGE,
    BETTER_AUTH_URL: PAGE,
    BETTER_AUTH_TELEMETRY: '1',
    BETTER_AUTH_TELEMETRY_ENDPOINT: `http://127.0.0.1:${port}/report`,
  })
})
afterAll(async () => {
  await product.kill()
  collector.close()
  await rm(folder, { recursive: true, force: true })
})

describe('environment variables of the auth library', () => {
  it('do not extend its trusted origins: a page that can call the API still cannot use cookies', async () => {
    const send = (origin: string) =>
      fetch(`${product.url}/auth/sign-out`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: 'a=b', origin },
        body: '{}',
      })
    const refused = await send(PAGE)
    expect(refused.status).toBe(403)
    expect(await refused.json()).toMatchObject({ code: 'INVALID_ORIGIN' })
    expect((await send(product.url)).status).toBe(200)
  })

  it('do not turn on its telemetry', () => {
    expect(reports).toEqual([])
  })
})
