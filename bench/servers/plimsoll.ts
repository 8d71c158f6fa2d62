// Our server as `npm start` builds it, from the environment, with the trivial tool mounted beside the product's own.
import { systemClock } from '#kernel/clock'
import { loadConfig } from '../../src/settings.ts'
import { createLog } from '#kernel/telemetry/log'
import { tool } from '#kernel/calls/tool'
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
      tool({
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
    ...{ name: 'bench', api: undefined, server },
    scopes: [{ scope: 'bench:read', describe: 'call the tools of the benchmark', least: 'read-only' }],
  },
])

const ctx = app.openContext(
  { tenantId: TENANT, actor: { kind: 'cli', id: 'bench' }, scopes: new Set(['access:write', 'keys:write']) },
  { requestId: 'bench-setup', signal: new AbortController().signal },
)
const { key } = await app.access.createKey(ctx, {
  name: 'bench',
  scopes: ['bench:read', 'customers:read', 'customers:write'],
})
const { url } = await app.listen()
const ready: PlimsollReady = { url, key }
process.send?.(ready)

process.on('message', () => process.send?.(process.memoryUsage()))
process.once('disconnect', () => void app.close().then(() => process.exit(0)))
