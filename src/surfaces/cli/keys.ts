import { InvalidArgumentError } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import { Failure } from '#kernel/failure'
import type { FieldProblem } from '#kernel/failure'
import type { App } from '../../app.ts'
import { CreateKeyInput, TenantId } from '../../modules/access/index.ts'
import type { OpenApp } from './open.ts'
import { cliContext, tenantContext, withApp } from './open.ts'
import { print, printTable } from './output.ts'

interface CreateOptions {
  tenant: string
  name: string
  scopes: string[]
  expires?: (now: Date) => Date
}

/** `plimsoll keys create|list|revoke`. */
export function registerKeys(program: Command, open: OpenApp): void {
  const keys = program.command('keys').description('API keys of a tenant')
  keys
    .command('create')
    .description('make a key and print it, once')
    .requiredOption('--tenant <id>', 'the tenant the key is for', tenantId)
    .requiredOption('--name <name>', 'what the key is for, e.g. "support agent"')
    .requiredOption('--scopes <list>', 'comma-separated, e.g. customers:read,customers:write', (text) =>
      text.split(','),
    )
    .option('--expires <when>', 'days from now (90d) or a UTC date (2027-01-31)', expiry)
    .action((options: CreateOptions) =>
      withApp(open, async (app) => {
        const { tenant, expires, ...rest } = options
        const input = CreateKeyInput.safeParse({ ...rest, ...(expires && { expiresAt: expires(app.clock()) }) })
        if (!input.success) throw wrongKey(zodProblems(input.error))
        const useless = uselessness(input.data, app)
        if (useless.length > 0) throw wrongKey(useless)
        const { key, apiKey } = await app.access.createKey(cliContext(app, tenant), input.data)
        print(
          `${key}\n\nThis is shown once; only its hash is kept. Id: ${apiKey.keyId}, scopes: ${apiKey.scopes.join(' ')}`,
        )
      }),
    )
  keys
    .command('list')
    .description('the keys of a tenant, without their secrets')
    .requiredOption('--tenant <id>', 'the tenant', tenantId)
    .action(({ tenant }: { tenant: string }) =>
      withApp(open, async (app) => {
        const found = await app.access.listKeys(await tenantContext(app, tenant))
        printTable(
          found.map((key) => ({
            id: key.keyId,
            name: key.name,
            prefix: `${key.prefix}…`,
            scopes: key.scopes.join(' '),
            expires: day(key.expiresAt),
            revoked: day(key.revokedAt),
            'last used': day(key.lastUsedAt),
          })),
        )
      }),
    )
  keys
    .command('revoke <keyId>')
    .description('end a key, in every process, from this moment')
    .requiredOption('--tenant <id>', 'the tenant', tenantId)
    .action((keyId: string, { tenant }: { tenant: string }) =>
      withApp(open, async (app) => {
        const key = await app.access.revokeKey(cliContext(app, tenant), { keyId })
        print(`Revoked ${key.keyId} (${key.prefix}…).`)
      }),
    )
}

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

function wrongKey(problems: readonly FieldProblem[]): Failure {
  return new Failure('invalid', 'The key was not made.', { problems })
}

function zodProblems({ issues }: z.ZodError): readonly FieldProblem[] {
  return issues.map(({ path, message }) => ({ path: `--${String(path[0])}`, expected: message }))
}

/** What would make a well-formed key one that opens nothing: scopes that no tool asks for, a life that is over. */
function uselessness({ scopes, expiresAt }: CreateKeyInput, app: App): readonly FieldProblem[] {
  const known = app.scopes.map(({ scope }) => scope)
  const unknown = scopes.filter((scope) => !known.includes(scope))
  const now = app.clock()
  return [
    ...unknown.map((scope) => ({
      path: '--scopes',
      expected: `scopes of this installation (${known.join(', ')}); ${scope} is none of them`,
    })),
    ...(expiresAt !== undefined && expiresAt <= now
      ? [{ path: '--expires', expected: `a time to come, such as 90d; ${expiresAt.toISOString()} has passed` }]
      : []),
  ]
}

function tenantId(text: string): string {
  const parsed = TenantId.safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(`Expected ${parsed.error.issues[0]?.message ?? 'a tenant id'}.`)
}

const DAY_MILLISECONDS = 86_400_000

function expiry(text: string): (now: Date) => Date {
  const days = /^(\d{1,5})d$/.exec(text)?.[1]
  if (days !== undefined) return (now) => new Date(now.getTime() + Number(days) * DAY_MILLISECONDS)
  if (!z.iso.date().safeParse(text).success) {
    throw new InvalidArgumentError('Expected days from now such as 90d, or a UTC date such as 2027-01-31.')
  }
  return () => new Date(`${text}T00:00:00Z`)
}

const day = (date: Date | null) => date?.toISOString().slice(0, 16).replace('T', ' ') ?? '-'
