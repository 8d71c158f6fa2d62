import { commandOf } from '#kernel/commands/command'
import type { CommandGroup } from '#kernel/commands/command'
import { argument, option } from '#kernel/commands/command-values'
import type { Access } from '../api.ts'
import { tenantId } from './option-values.ts'

const command = commandOf<Access>()

const create = command({
  name: 'create',
  describe: 'create a tenant',
  arguments: { id: argument.required() },
  options: { name: option.required('name', 'name of the organisation') },
  async run(open, { id, name }, { print }) {
    const { api, context } = await open()
    const tenant = await api.createTenant(context(tenantId(id)), { name })
    print(`Created ${tenant.tenantId} (${tenant.name}).`)
  },
})

const list = command({
  name: 'list',
  describe: 'list all tenants',
  async run(open, _given, { table }) {
    const { api } = await open()
    table((await api.tenants()).map(({ tenantId: id, name }) => ({ id, name })))
  },
})

/** `plimsoll tenants create|list`. */
export const tenantCommands: CommandGroup<Access> = {
  name: 'tenants',
  describe: 'manage tenants: the organisations that this installation serves',
  commands: [create, list],
}
