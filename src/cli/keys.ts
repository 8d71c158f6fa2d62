import { InvalidArgumentError, Option } from 'commander'
import type { Command } from 'commander'
import { z } from 'zod'
import { Failure } from '#kernel/failure'
import type { FieldProblem } from '#kernel/failure'
import { CreateKeyInput } from '../modules/access/index.ts'
import type { OpenApp } from './open.ts'
import { cliContext, tenantContext, withApp } from './open.ts'
import { print, printTable } from './output.ts'
import { day, tenantId, words } from './values.ts'

interface CreateOptions {
  tenant: string
  name: string
  scopes: string[]
  expires?: (now: Date) => Date
  server?: string[]
  toolset?: string[]
  network?: string[]
  readOnly?: true
  serviceAccount?: string
}

/** `plimsoll keys create|list|revoke`. */
export function registerKeys(program: Command, open: OpenApp): void {
  const keys = program.command('keys').description('API keys of a tenant')
  registerCreate(keys, open)
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
            owner: key.userId ?? key.serviceAccountId ?? '-',
            scopes: key.scopes.join(' '),
            'bound to': boundsText(key),
            expires: day(key.expiresAt),
            revoked: day(key.revokedAt),
            'last used': day(key.lastUsedAt),
          })),
        )
      }),
    )
  keys
    .command('revoke <keyId>')
    .description('end a key, and those made with it, in every process, from this moment')
    .requiredOption('--tenant <id>', 'the tenant', tenantId)
    .action((keyId: string, { tenant }: { tenant: string }) =>
      withApp(open, async (app) => {
        const key = await app.access.revokeKey(cliContext(app, tenant), { keyId })
        print(`Revoked ${key.keyId} (${key.prefix}…).`)
      }),
    )
}

function registerCreate(keys: Command, open: OpenApp): void {
  keys
    .command('create')
    .description('make a key and print it, once')
    .requiredOption('--tenant <id>', 'the tenant the key is for', tenantId)
    .requiredOption('--name <name>', 'what the key is for, e.g. "support agent"')
    .requiredOption('--scopes <list>', 'comma-separated, e.g. customers:read,customers:write', words)
    .option('--expires <when>', 'days from now (90d) or a UTC date (2027-01-31)', expiry)
    .option('--server <names>', 'comma-separated: only these MCP servers, e.g. customers', words)
    .option('--toolset <names>', 'comma-separated: only these toolsets, e.g. customers/health', words)
    .option('--network <cidrs>', 'comma-separated: only from these networks, e.g. 203.0.113.0/24', words)
    .option('--read-only', 'nothing that changes anything')
    .addOption(new Option('--service-account <id>', 'whose key it is; without it, the tenant’s own'))
    .action((options: CreateOptions) =>
      withApp(open, async (app) => {
        const input = CreateKeyInput.safeParse(inputOf(options, app.clock()))
        if (!input.success) throw wrongKey(zodProblems(input.error))
        const { key, apiKey } = await app.access
          .createKey(cliContext(app, options.tenant), input.data)
          .catch(namedAsOptions)
        print(
          `${key}\n\nThis is shown once; only its hash is kept. Id: ${apiKey.keyId}, scopes: ${apiKey.scopes.join(' ')}`,
        )
      }),
    )
}

function inputOf(options: CreateOptions, now: Date): unknown {
  const { name, scopes, expires, server, toolset, network, readOnly, serviceAccount } = options
  return {
    ...{ name, scopes },
    ...(expires !== undefined && { expiresAt: expires(now) }),
    ...(server !== undefined && { servers: server }),
    ...(toolset !== undefined && { toolsets: toolset }),
    ...(network !== undefined && { networks: network }),
    ...(readOnly !== undefined && { readOnly }),
    ...(serviceAccount !== undefined && { serviceAccountId: serviceAccount }),
  }
}

/** By which option a member of the input is given. */
const OPTION: Readonly<Record<string, string>> = {
  name: '--name',
  scopes: '--scopes',
  expiresAt: '--expires',
  servers: '--server',
  toolsets: '--toolset',
  networks: '--network',
  readOnly: '--read-only',
  serviceAccountId: '--service-account',
}

function wrongKey(problems: readonly FieldProblem[]): Failure {
  return new Failure('invalid', 'The key was not made.', { problems })
}

function namedAsOptions(error: unknown): never {
  if (!(error instanceof Failure) || error.problems.length === 0) throw error
  throw wrongKey(error.problems.map((problem) => ({ ...problem, path: OPTION[problem.path] ?? problem.path })))
}

function zodProblems({ issues }: z.ZodError): readonly FieldProblem[] {
  return issues.map(({ path, message }) => ({ path: OPTION[String(path[0])] ?? String(path[0]), expected: message }))
}

function boundsText(key: {
  readonly servers: readonly string[] | null
  readonly toolsets: readonly string[] | null
  readonly networks: readonly string[] | null
  readonly readOnly: boolean
}): string {
  const parts = [...(key.servers ?? []), ...(key.toolsets ?? []), ...(key.networks ?? [])]
  return [...(key.readOnly ? ['read-only'] : []), ...parts].join(' ') || '-'
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
