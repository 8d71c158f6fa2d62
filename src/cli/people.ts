import { randomBytes } from 'node:crypto'
import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import { ROLES } from '#kernel/principal'
import type { Role } from '#kernel/principal'
import type { OpenApp } from './open.ts'
import { tenantContext, withApp } from './open.ts'
import { print } from './output.ts'
import { tenantId } from './values.ts'

/** `plimsoll people add`. */
export function registerPeople(program: Command, open: OpenApp): void {
  program
    .command('people')
    .description('the people of an organisation')
    .command('add <email>')
    .description('make an account with a confirmed address, and print its first password, once')
    .requiredOption('--tenant <id>', 'the organisation', tenantId)
    .option('--name <name>', 'how others see them; default: the part of the address before the @')
    .addOption(new Option('--role <role>', 'what they may do').choices(ROLES).default('member'))
    .action((text: string, { tenant, role, name }: { tenant: string; role: Role; name?: string }) =>
      withApp(open, async (app) => {
        const email = address(text)
        const password = firstPassword()
        const person = { email, role, password, name: name ?? email.slice(0, email.indexOf('@')) }
        const { userId } = await app.access.addPerson(await tenantContext(app, tenant), person)
        print(`${password}\n\nThis is shown once. ${userId} signs in with it as ${email} and should choose another.`)
      }),
    )
}

const RANDOM_BYTES = 15

/** 120 random bits, and the kinds of characters that the password rule asks for. */
export function firstPassword(): string {
  return `${randomBytes(RANDOM_BYTES).toString('base64url')}aA1`
}

function address(text: string): string {
  const parsed = z.email().safeParse(text.trim())
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError('Expected an e-mail address such as ada@example.com.')
}
