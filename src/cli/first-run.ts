import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { replaceText } from '#kernel/config/private-file'
import { Failure } from '#kernel/failure'
import type { App } from '../app.ts'
import { cliContext } from './open.ts'
import { firstPassword } from '../modules/access/index.ts'

const DEMO_TENANT = 'demo'
const DEMO_SEED = 20_261_120

/** The sign-in of the demo company's owner, and an API key. */
const DemoAccess = z.object({ email: z.string(), password: z.string(), key: z.string() })
export type DemoAccess = z.output<typeof DemoAccess>

/**
 * Creates the demo company with a person and an API key at the first start, and finds them again at later starts. Only
 * in development on the embedded database; undefined in every installation that has, or may have, real data.
 */
export async function firstRun(app: App): Promise<DemoAccess | undefined> {
  const { server, database } = app.config
  if (server.environment !== 'development' || database.url !== undefined) return undefined
  const file = path.join(server.dataDir, 'demo-access.json')
  const tenants = await app.access.tenants()
  const isBegun = tenants.some(({ tenantId }) => tenantId === DEMO_TENANT)
  if (tenants.length > 0 && !isBegun) return undefined
  const kept = await keptAccess(file)
  if (kept !== undefined) return kept
  // Every step can be repeated and the file is written last, so the next start completes one that was killed here.
  const ctx = cliContext(app, DEMO_TENANT)
  if (!isBegun) await app.access.createTenant(ctx, { name: 'Demo company' })
  await app.customers.createDemo(ctx, { seed: DEMO_SEED })
  const made = await demoAccess(app)
  await replaceText(file, `${JSON.stringify(made, null, 2)}\n`)
  return made
}

async function demoAccess(app: App): Promise<DemoAccess> {
  const ctx = cliContext(app, DEMO_TENANT)
  const password = firstPassword()
  const { email, userId } = await demoPerson(app, password)
  const { key } = await app.access.createKey(
    { ...ctx, userId },
    { name: 'demo', scopes: ['customers:read', 'customers:write', 'tasks:read', 'tasks:write'] },
  )
  return { email, password, key }
}

/** Adds the demo owner. An account left by a killed start has a lost password, so another address is used then. */
async function demoPerson(app: App, password: string): Promise<{ email: string; userId: string }> {
  const ctx = cliContext(app, DEMO_TENANT)
  const add = async (email: string) => ({
    email,
    ...(await app.access.addPerson(ctx, { email, name: 'Demo owner', role: 'owner', password })),
  })
  try {
    return await add('demo@example.com')
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'EMAIL_TAKEN')) throw error
    return add(`demo-${ctx.requestId.slice(-6).toLowerCase()}@example.com`)
  }
}

async function keptAccess(file: string): Promise<DemoAccess | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : DemoAccess.parse(JSON.parse(text))
}
