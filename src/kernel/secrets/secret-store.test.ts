import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startVault } from '../../../test/support/vault-server.ts'
import type { VaultServer } from '../../../test/support/vault-server.ts'
import { configuration, loadConfig } from '../../settings.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { openSecretSource } from './resolve.ts'
import { openSecretStore } from './secret-store.ts'
import type { SecretRead, SecretStore } from './secret-store.ts'

const [FIRST, SECOND] = ['f3a9c1d07b5e4826a1c9e7d3b5f08264d9c7', '0b7d2f8e4a6c19538d7e2b4f6a8c0e1d3f57']

let folder = ''
let vault: VaultServer
const stores: SecretStore[] = []
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-store-'))
  vault = await startVault()
})
afterEach(() => {
  for (const store of stores.splice(0)) store.close()
  vault.behave()
})
afterAll(async () => {
  await vault.close()
  await rm(folder, { recursive: true })
})

const vaultAt = () => ({
  SECRETS_PROVIDER: 'vault',
  VAULT_ADDR: vault.url,
  VAULT_TOKEN: vault.rootToken,
  SECRETS_TIMEOUT_SECONDS: '1',
  ENVIRONMENT: 'production',
  PUBLIC_URL: 'https://mcp.example.com',
  DATABASE_URL_FILE: path.join(folder, 'database'),
  ENCRYPTION_KEY_FILE: path.join(folder, 'key'),
  JWT_SECRET_FILE: path.join(folder, 'jwt'),
  BETTER_AUTH_SECRET_FILE: path.join(folder, 'auth'),
})

async function open(environment: Readonly<Record<string, string>>) {
  await writeFile(path.join(folder, 'key'), 'p9Yt0m0hVJp2k8zN1i3xqv7QyTzA5rWbE6uDcGfHsLk=')
  await writeFile(path.join(folder, 'database'), 'postgresql://127.0.0.1/plimsoll')
  await writeFile(path.join(folder, 'jwt'), 'Zr5tW8xN1kVb7mQ3gHj9cLp2sDf6yAe4')
  await writeFile(path.join(folder, 'auth'), 'hT3vK9qXw2LzR7mB4nYc8sJd6fGpQe1u')
  const logged: string[] = []
  const log = pino({}, { write: (line: string) => void logged.push(line) })
  const source = await openSecretSource(configuration, environment)
  const first = await source.read()
  const metrics = createMetrics('test')
  const store = openSecretStore({
    configuration,
    config: loadConfig(first.environment),
    opened: { source, first },
    log,
    metrics,
  })
  stores.push(store)
  return { store, logged, metrics }
}

describe('the secrets of a running process', () => {
  it('follow their provider, and tell who asked to be told', async () => {
    vault.write({ METRICS_TOKEN: FIRST })
    const { store, logged } = await open(vaultAt())
    const told: (string | undefined)[] = []
    store.follow('METRICS_TOKEN', (value) => told.push(value))
    expect(store.value('METRICS_TOKEN')).toBe(FIRST)
    vault.write({ METRICS_TOKEN: SECOND })
    expect(await store.refresh()).toBe(true)
    expect([store.value('METRICS_TOKEN'), told]).toEqual([SECOND, [SECOND]])
    await store.refresh()
    expect(told).toHaveLength(1)
    expect(logged.join()).toContain('"setting":"METRICS_TOKEN","source":"vault","version":')
    expect(logged.join()).not.toMatch(new RegExp(`${FIRST}|${SECOND}`))
  })

  it.each([
    ['is sealed', () => vault.misbehave({ kind: 'answers', status: 503, body: '' })],
    ['lies', () => vault.misbehave({ kind: 'answers', status: 200, body: '{"data":7}' })],
    ['gives a weak secret', () => vault.write({ METRICS_TOKEN: 'changeme'.repeat(5) })],
    ['gives one that is too short', () => vault.write({ METRICS_TOKEN: 'x' })],
  ])('stay the last good ones when it %s, with a warning and a metric', async (_what, harm) => {
    vault.write({ METRICS_TOKEN: FIRST })
    const { store, logged, metrics } = await open(vaultAt())
    harm()
    expect(await store.refresh()).toBe(false)
    expect(store.value('METRICS_TOKEN')).toBe(FIRST)
    expect(logged.join()).toContain('the secrets could not be reloaded')
    expect(logged.join()).not.toContain('changeme')
    const exposition = await metrics.exposition()
    expect(exposition).toContain('secrets_reads_total{status="failed"} 1')
    expect(exposition).toMatch(/^secrets_age_seconds \d+\.\d+/m)
    vault.behave()
    vault.write({ METRICS_TOKEN: SECOND })
    expect(await store.refresh()).toBe(true)
    expect(store.value('METRICS_TOKEN')).toBe(SECOND)
  })

  it('follow a file that changes, and one that is exchanged as a mounted volume does it', async () => {
    const token = path.join(folder, 'token')
    await writeFile(token, FIRST)
    const { store } = await open({ METRICS_TOKEN_FILE: token })
    const next = () => {
      const { promise, resolve } = Promise.withResolvers<string | undefined>()
      store.follow('METRICS_TOKEN', resolve)
      return promise
    }
    const changed = next()
    await writeFile(token, SECOND)
    expect(await changed).toBe(SECOND)
    const exchanged = next()
    await writeFile(`${token}.new`, FIRST)
    await rename(`${token}.new`, token)
    expect(await exchanged).toBe(FIRST)
  })

  it('say so when a new value needs a restart', async () => {
    vault.write({ METRICS_TOKEN: FIRST, SMTP_URL: 'smtp://me:Xq4vT9wLm2@mail:25' })
    const { store, logged } = await open(vaultAt())
    vault.write({ METRICS_TOKEN: FIRST, SMTP_URL: 'smtp://me:aB3cD4eF5g@mail:25' })
    await store.refresh()
    expect(logged.join()).toContain('"setting":"SMTP_URL"')
    expect(logged.join()).toContain('takes effect at the next start')
  })

  it('are reloaded for every caller that asked during a reload', async () => {
    vault.write({ METRICS_TOKEN: FIRST })
    const { store } = await open(vaultAt())
    const running = store.refresh()
    vault.write({ METRICS_TOKEN: SECOND })
    const before = vault.requests.length
    await Promise.all([running, store.refresh(), store.refresh(), store.refresh()])
    expect(store.value('METRICS_TOKEN')).toBe(SECOND)
    expect(vault.requests.length - before).toBeLessThanOrEqual(2)
  })

  it('are told one by one to who keeps the record: at the start all, then what was fetched again', async () => {
    vault.write({ METRICS_TOKEN: FIRST })
    const { store } = await open(vaultAt())
    const heard: (readonly SecretRead[])[] = []
    store.onRead((reads) => heard.push(reads))
    await store.refresh()
    const files = ['BETTER_AUTH_SECRET', 'DATABASE_URL', 'ENCRYPTION_KEY', 'JWT_SECRET']
    expect(heard[0]?.map(({ name }) => name).toSorted()).toEqual([...files, 'METRICS_TOKEN', 'VAULT_TOKEN'])
    expect(heard[1]).toEqual([{ name: 'METRICS_TOKEN', source: 'vault', version: expect.any(String) }])
  })
})
