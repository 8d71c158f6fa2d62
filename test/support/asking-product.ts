import { z } from 'zod'
import { plainTool } from './plain-tool.ts'
import { systemClock } from '#kernel/clock'
import { isolateEnvironment } from '#kernel/config/isolate-environment'
import type { Module } from '#kernel/module'
import { createLog } from '#kernel/telemetry/log'
import { buildApp } from '../../src/app.ts'
import { reportFailure } from '../../src/cli/open.ts'
import { serve } from '../../src/cli/serve.ts'
import { productVersion, settingsOrExit } from '../../src/cli/start.ts'
import { configuration } from '../../src/settings.ts'

// The product as `npm start` runs it, with an additional tool that asks its caller a question.
const schema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const askForName = plainTool({
  name: 'ask_for_name',
  title: 'Ask for a name',
  describe: 'Asks the caller for a name and greets it.',
  effect: 'read',
  scope: 'asking:read',
  asks: true,
  input: z.object({}),
  output: z.object({ text: z.string() }),
  run: async (_ctx, _input, interaction) => {
    const { name } = await interaction.ask({ name: { kind: 'form', message: 'What is your name?', schema } })
    return { text: `Hello, ${name?.kind === 'form' ? String(name.content['name']) : 'nobody'}` }
  },
})
const asking: Module = {
  name: 'asking',
  api: undefined,
  scopes: [{ scope: 'asking:read', describe: 'be asked something', least: 'read-only' }],
  server: { name: 'asking', title: 'Asking', instructions: 'Asks.', toolsets: { names: [askForName] } },
}

await reportFailure(() =>
  serve(async () => {
    const { config, secrets } = await settingsOrExit(isolateEnvironment(configuration, process.env))
    const version = productVersion()
    const log = createLog({ settings: config.observability, version })
    return buildApp({ config, clock: systemClock, log, version, as: 'server', secrets }, [asking])
  }),
)
