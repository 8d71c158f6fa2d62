import type { Command } from 'commander'
import { Failure } from '#kernel/failure'
import { CreateServiceAccountInput } from '../modules/access/index.ts'
import type { OpenApp } from './open.ts'
import { cliContext, tenantContext, withApp } from './open.ts'
import { print, printTable } from './output.ts'
import { day, tenantId, words } from './values.ts'

/** `plimsoll service-accounts create|list|disable`. */
export function registerServiceAccounts(program: Command, open: OpenApp): void {
  const accounts = program.command('service-accounts').description('callers of a tenant that are no person')
  accounts
    .command('create')
    .description('make a service account; its keys are made with keys create --service-account')
    .requiredOption('--tenant <id>', 'the tenant', tenantId)
    .requiredOption('--name <name>', 'what it is, e.g. "nightly import"')
    .requiredOption('--scopes <list>', 'comma-separated: what its keys may do at most', words)
    .action(({ tenant, name, scopes }: { tenant: string; name: string; scopes: string[] }) =>
      withApp(open, async (app) => {
        const input = CreateServiceAccountInput.safeParse({ name, scopes })
        if (!input.success) {
          const problems = input.error.issues.map((issue) => ({
            path: `--${String(issue.path[0])}`,
            expected: issue.message,
          }))
          throw new Failure('invalid', 'The service account was not made.', { problems })
        }
        const account = await app.access.createServiceAccount(cliContext(app, tenant), input.data)
        print(`Made ${account.serviceAccountId} (${account.name}), scopes: ${account.scopes.join(' ')}`)
      }),
    )
  accounts
    .command('list')
    .description('the service accounts of a tenant')
    .requiredOption('--tenant <id>', 'the tenant', tenantId)
    .action(({ tenant }: { tenant: string }) =>
      withApp(open, async (app) => {
        const found = await app.access.listServiceAccounts(await tenantContext(app, tenant))
        printTable(
          found.map((account) => ({
            id: account.serviceAccountId,
            name: account.name,
            scopes: account.scopes.join(' '),
            created: day(account.createdAt),
            disabled: day(account.disabledAt),
          })),
        )
      }),
    )
  accounts
    .command('disable <id>')
    .description('end a service account and all its keys, in every process, from this moment')
    .requiredOption('--tenant <id>', 'the tenant', tenantId)
    .action((serviceAccountId: string, { tenant }: { tenant: string }) =>
      withApp(open, async (app) => {
        const account = await app.access.disableServiceAccount(cliContext(app, tenant), { serviceAccountId })
        print(`Disabled ${account.serviceAccountId} (${account.name}).`)
      }),
    )
}
