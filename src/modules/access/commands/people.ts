import { randomBytes } from 'node:crypto'
import { z } from 'zod'
import { commandOf } from '#kernel/commands/command'
import type { CommandGroup } from '#kernel/commands/command'
import { argument, invalidValue, option } from '#kernel/commands/command-values'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { ROLES } from '#kernel/principal'
import type { Access } from '../api.ts'
import { tenantId } from './option-values.ts'

const tenant = option.required('id', 'the organisation', tenantId)

const add = commandOf<Access>()({
  name: 'add',
  describe: 'create an account with a confirmed address, and print its first password once',
  arguments: { email: argument.required() },
  options: {
    tenant,
    name: option.optional('name', 'display name; default: the part of the address before the @'),
    role: option.choice('role', 'role in the organisation', { choices: ROLES, preset: 'member' }),
  },
  async run(open, { email: text, tenant: of, role: given, name }, { print }) {
    const { api, tenantContext } = await open()
    const email = address(text)
    const password = firstPassword()
    const person = { email, role: given, password, name: name ?? email.slice(0, email.indexOf('@')) }
    const { userId } = await api.addPerson(await tenantContext(of), person)
    print(
      `${password}\n\nSave this password now: it is not shown again. ${userId} signs in with it as ${email} and should change it.`,
    )
  },
})

const list = commandOf<Access>()({
  name: 'list',
  describe: 'list the people of an organisation',
  options: { tenant },
  async run(open, given, { table }) {
    const { api, tenantContext } = await open()
    const people = await api.people.list(await tenantContext(given.tenant))
    table(
      people.map(({ email, name, role: held, two_factor: hasFactor, since, user_id: id }) => ({
        email,
        name,
        role: held,
        'second factor': hasFactor ? 'on' : 'off',
        since: since.slice(0, 'YYYY-MM-DD'.length),
        id,
      })),
    )
  },
})

const role = commandOf<Access>()({
  name: 'role',
  describe: 'change the role of a person; it applies to their tokens and keys at once',
  arguments: { email: argument.required(), role: argument.required(`one of ${ROLES.join(', ')}`) },
  options: { tenant },
  async run(open, { email, role: text, tenant: of }, { print }) {
    const parsed = z.enum(ROLES).safeParse(text)
    if (!parsed.success) throw invalidValue(`Expected a role, one of ${ROLES.join(', ')}, not ${text}.`)
    const { api, tenantContext } = await open()
    const ctx = await tenantContext(of)
    const person = await personOf(api, ctx, email)
    await api.people.changeRole(ctx, { user_id: person.user_id, role: parsed.data })
    print(`${person.email} was ${person.role}, and is ${parsed.data} now.`)
  },
})

const remove = commandOf<Access>()({
  name: 'remove',
  describe: 'remove a person from an organisation; the account itself stays',
  arguments: { email: argument.required() },
  options: { tenant },
  async run(open, { email, tenant: of }, { print }) {
    const { api, tenantContext } = await open()
    const ctx = await tenantContext(of)
    const person = await personOf(api, ctx, email)
    await api.people.remove(ctx, { user_id: person.user_id })
    print(`${person.email} is no longer a member of ${of}.`)
  },
})

const reset = commandOf<Access>()({
  name: 'reset',
  describe: 'give a person a new password, print it once, and end their sessions',
  arguments: { email: argument.required() },
  options: { tenant, secondFactor: option.flag('also remove a second factor that the person has lost') },
  async run(open, { email, tenant: of, secondFactor }, { print }) {
    const { api, tenantContext } = await open()
    const ctx = await tenantContext(of)
    const person = await personOf(api, ctx, email)
    const password = firstPassword()
    await api.people.reset(ctx, { user_id: person.user_id, password, second_factor: secondFactor })
    print(
      `${password}\n\nSave this password now: it is not shown again. ${person.email} signs in with it and should change it; every session has ended.`,
    )
  },
})

async function personOf(api: Access, ctx: Ctx, text: string) {
  const email = address(text).toLowerCase()
  const found = await api.people.find(ctx, email)
  if (found !== undefined) return { email, ...found }
  throw new Failure('not_found', `${email} is no member of ${ctx.tenantId}. plimsoll people list shows who is.`)
}

/** `plimsoll people`. */
export const peopleCommands: CommandGroup<Access> = {
  name: 'people',
  describe: 'manage the people of an organisation',
  commands: [add, list, role, remove, reset],
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
