// Our server as `npm start` builds it from the environment, with the trivial tool in addition.
import { systemClock } from '#kernel/clock'
import { loadConfig } from '../../src/settings.ts'
import type { Scope } from '#kernel/principal'
import { createLog } from '#kernel/telemetry/log'
import { plainTool } from '../../test/support/plain-tool.ts'
import { buildApp } from '../../src/app.ts'
import type { PlimsollReady } from './plimsoll-ready.ts'
import { TENANT } from '../platform-under-test.ts'
import { echoShape } from './echo.ts'
import { manyTools } from './many-tools.ts'

const config = loadConfig(process.env)
const log = createLog({ settings: config.observability, version: '0.0.0' })
const { description, ...echo } = echoShape
const server = {
  name: 'bench',
  title: 'Benchmark',
  instructions: '',
  toolsets: {
    trivial: [
      plainTool({
        ...echo,
        describe: description,
        effect: 'read',
        scope: 'bench:read',
        run: (_ctx, { text }) => Promise.resolve({ text }),
      }),
    ],
    many: manyTools(),
  },
}
const app = await buildApp({ config, clock: systemClock, log, version: '0.0.0', as: 'server' }, [
  {
    name: 'bench',
    api: undefined,
    server,
    scopes: [{ scope: 'bench:read', describe: 'call the tools of the benchmark', least: 'read-only' }],
  },
])

const SCOPES: ReadonlySet<Scope> = new Set(['access:write', 'keys:write', 'tasks:read', 'tasks:write'])
const open = (tenantId: string, userId?: string) =>
  app.openContext(
    { tenantId, actor: { kind: 'cli', id: 'bench' }, scopes: SCOPES, ...(userId !== undefined && { userId }) },
    { requestId: 'bench-setup', signal: new AbortController().signal },
  )
const { key } = await app.access.createKey(open(TENANT), {
  name: 'bench',
  scopes: ['bench:read', 'customers:read', 'customers:write'],
})
const OTHER_TENANT = `${TENANT}-neighbour`
await app.access.createTenant(open(OTHER_TENANT), { name: 'Neighbour' })
const { userId } = await app.access.addPerson(open(OTHER_TENANT), {
  name: 'Pat',
  email: 'pat@example.com',
  role: 'member',
  password: 'a-Lantern-3-Harbour-7',
})
const personal = await app.access.createKey(open(OTHER_TENANT, userId), {
  name: 'tasks',
  scopes: ['tasks:read', 'tasks:write'],
})
const { url } = await app.listen()
const ready: PlimsollReady = { url, key, personalKey: personal.key }
process.send?.(ready)

process.on('message', () => process.send?.(process.memoryUsage()))
process.once('disconnect', () => void app.close().then(() => process.exit(0)))
