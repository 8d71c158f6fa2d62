import { commandOf } from '#kernel/commands/command'
import type { CommandGroup } from '#kernel/commands/command'
import { argument, option } from '#kernel/commands/command-values'
import { Failure } from '#kernel/failure'
import type { Access } from '../api.ts'
import { CreateServiceAccountInput } from '../keys/contract.ts'
import { commaList, day, tenantId } from './option-values.ts'

const command = commandOf<Access>()
const tenant = option.required('id', 'the tenant', tenantId)

const create = command({
  name: 'create',
  describe: 'create a service account; create its keys with: keys create --service-account',
  options: {
    tenant,
    name: option.required('name', 'what it is for, e.g. "nightly import"'),
    scopes: option.required('list', 'comma-separated: the most that its keys can have', commaList),
  },
  async run(open, { tenant: tenantOf, name, scopes }, { print }) {
    const { api, context } = await open()
    const input = CreateServiceAccountInput.safeParse({ name, scopes })
    if (!input.success) {
      const problems = input.error.issues.map((issue) => ({
        path: `--${String(issue.path[0])}`,
        expected: issue.message,
      }))
      throw new Failure('invalid', 'The service account was not created.', { problems })
    }
    const account = await api.createServiceAccount(context(tenantOf), input.data)
    print(`Created ${account.serviceAccountId} (${account.name}), scopes: ${account.scopes.join(' ')}`)
  },
})

const list = command({
  name: 'list',
  describe: 'list the service accounts of a tenant',
  options: { tenant },
  async run(open, given, { table }) {
    const { api, tenantContext } = await open()
    const found = await api.listServiceAccounts(await tenantContext(given.tenant))
    table(
      found.map((account) => ({
        id: account.serviceAccountId,
        name: account.name,
        scopes: account.scopes.join(' '),
        created: day(account.createdAt),
        disabled: day(account.disabledAt),
      })),
    )
  },
})

const disable = command({
  name: 'disable',
  describe: 'disable a service account and revoke its keys, at once and in every process',
  arguments: { id: argument.required() },
  options: { tenant },
  async run(open, { id, tenant: tenantOf }, { print }) {
    const { api, context } = await open()
    const account = await api.disableServiceAccount(context(tenantOf), { serviceAccountId: id })
    print(`Disabled ${account.serviceAccountId} (${account.name}).`)
  },
})

/** `plimsoll service-accounts create|list|disable`. */
export const serviceAccountCommands: CommandGroup<Access> = {
  name: 'service-accounts',
  describe: 'manage the service accounts of a tenant: non-human callers with their own keys',
  commands: [create, list, disable],
}
