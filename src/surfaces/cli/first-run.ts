import { readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import type { App } from '../../app.ts'
import { cliContext } from './open.ts'

const DEMO_TENANT = 'demo'
const DEMO_SEED = 20_261_120

/**
 * In development on the embedded database, a first start makes a company to look at and a key to it; later starts find
 * the key again. Returns the key; undefined wherever real data is, or may be.
 */
export async function firstRun(app: App): Promise<string | undefined> {
  const { server, database } = app.config
  if (server.environment !== 'development' || database.url !== undefined) return undefined
  const keyFile = path.join(server.dataDir, 'demo-key')
  const tenants = await app.access.tenants()
  const isBegun = tenants.some(({ tenantId }) => tenantId === DEMO_TENANT)
  if (tenants.length > 0 && !isBegun) return undefined
  const kept = await keptKey(keyFile)
  if (kept !== undefined) return kept
  // Each step can be done again, and the key is written last: a start that was killed here is finished by the next.
  const ctx = cliContext(app, DEMO_TENANT)
  if (!isBegun) await app.access.createTenant(ctx, { name: 'Demo company' })
  await app.customers.createDemo(ctx, { seed: DEMO_SEED })
  const { key } = await app.access.createKey(ctx, { name: 'demo', scopes: ['customers:read', 'customers:write'] })
  await writeFile(keyFile, `${key}\n`, { mode: 0o600 })
  return key
}

async function keptKey(file: string): Promise<string | undefined> {
  return (await readFile(file, 'utf8').catch(() => '')).trim() || undefined
}
