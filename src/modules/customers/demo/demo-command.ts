import { commandOf } from '#kernel/commands/command'
import { option } from '#kernel/commands/command-values'
import { reportLines } from '../import/report.ts'
import type { Customers } from '../api.ts'

const DEMO_SEED = '20261120'

/** The command `plimsoll demo`. */
export const demoCommand = commandOf<Customers>()({
  name: 'demo',
  describe: 'fill a tenant with a generated demo company of about 200 customers',
  options: {
    tenant: option.required('id', 'the tenant to fill'),
    seed: option.preset('number', 'seed of the generator; each seed creates another company', DEMO_SEED),
  },
  async run(open, { tenant, seed }, { print }) {
    const { api, tenantContext, stopSignal } = await open()
    const ctx = await tenantContext(tenant, stopSignal())
    for (const line of reportLines(await api.createDemo(ctx, { seed: Number.parseInt(seed, 10) }))) print(line)
  },
})
