import type { Command } from 'commander'
import type { OpenApp } from './open.ts'
import { cliContext, withApp } from './open.ts'
import { print, printTable } from './output.ts'
import { tenantId } from './values.ts'

/** `plimsoll tenants create|list`. */
export function registerTenants(program: Command, open: OpenApp): void {
  const tenants = program.command('tenants').description('the organisations this installation serves')
  tenants
    .command('create <id>')
    .description('make a tenant')
    .requiredOption('--name <name>', 'its name')
    .action((id: string, { name }: { name: string }) =>
      withApp(open, async (app) => {
        const tenant = await app.access.createTenant(cliContext(app, tenantId(id)), { name })
        print(`Made ${tenant.tenantId} (${tenant.name}).`)
      }),
    )
  tenants
    .command('list')
    .description('every tenant')
    .action(() =>
      withApp(open, async (app) =>
        printTable((await app.access.tenants()).map(({ tenantId: id, name }) => ({ id, name }))),
      ),
    )
}
