import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { commandOf } from '#kernel/commands/command'
import type { CommandGroup } from '#kernel/commands/command'
import { argument, invalidValue, option } from '#kernel/commands/command-values'
import { ROLES } from '#kernel/principal'
import type { Access } from '../api.ts'
import { tenantId } from './option-values.ts'

const add = commandOf<Access>()({
  name: 'add',
  describe: 'create an account with a confirmed address, and print its first password once',
  arguments: { email: argument.required() },
  options: {
    tenant: option.required('id', 'the organisation', tenantId),
    name: option.optional('name', 'display name; default: the part of the address before the @'),
    role: option.choice('role', 'role in the organisation', { choices: ROLES, preset: 'member' }),
  },
  async run(open, { email: text, tenant, role, name }, { print }) {
    const { api, tenantContext } = await open()
    const email = address(text)
    const password = firstPassword()
    const person = { email, role, password, name: name ?? email.slice(0, email.indexOf('@')) }
    const { userId } = await api.addPerson(await tenantContext(tenant), person)
    print(
      `${password}\n\nSave this password now: it is not shown again. ${userId} signs in with it as ${email} and should change it.`,
    )
  },
})

/** `plimsoll people add`. */
export const peopleCommands: CommandGroup<Access> = {
  name: 'people',
  describe: 'manage the people of an organisation',
  commands: [add],
}

const RANDOM_BYTES = 15

/** A random password of 120 bits that meets the password rule. */
export function firstPassword(): string {
  return `${randomBytes(RANDOM_BYTES).toString('base64url')}aA1`
}

function address(text: string): string {
  const parsed = z.email().safeParse(text.trim())
  if (parsed.success) return parsed.data
  throw invalidValue('Expected an e-mail address such as ada@example.com.')
}
