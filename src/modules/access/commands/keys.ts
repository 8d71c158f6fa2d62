import { z } from 'zod'
import { commandOf } from '#kernel/commands/command'
import type { CommandGroup } from '#kernel/commands/command'
import { argument, invalidValue, option } from '#kernel/commands/command-values'
import type { Given } from '#kernel/commands/command-values'
import { Failure } from '#kernel/failure'
import type { FieldProblem } from '#kernel/failure'
import type { Access } from '../api.ts'
import { CreateKeyInput } from '../keys/contract.ts'
import { commaList, day, tenantId } from './option-values.ts'

const command = commandOf<Access>()

const createOptions = {
  tenant: option.required('id', 'tenant of the key', tenantId),
  name: option.required('name', 'what the key is for, e.g. "support agent"'),
  scopes: option.required('list', 'comma-separated, e.g. customers:read,customers:write', commaList),
  expires: option.optional('when', 'expiry: days from now (90d) or a UTC date (2027-01-31)', expiry),
  server: option.optional('names', 'limit the key to these MCP servers, comma-separated, e.g. customers', commaList),
  toolset: option.optional(
    'names',
    'limit the key to these toolsets, comma-separated, e.g. customers/health',
    commaList,
  ),
  network: option.optional('cidrs', 'limit the key to these networks, comma-separated, e.g. 203.0.113.0/24', commaList),
  readOnly: option.flag('allow only operations that change nothing'),
  serviceAccount: option.optional('id', 'service account that owns the key; default: the tenant itself'),
}

const create = command({
  name: 'create',
  describe: 'create an API key and print it once',
  options: createOptions,
  async run(open, given, { print }) {
    const { api, clock, context } = await open()
    const input = CreateKeyInput.safeParse(inputOf(given, clock()))
    if (!input.success) throw wrongKey(zodProblems(input.error))
    const { key, apiKey } = await api.createKey(context(given.tenant), input.data).catch(namedAsOptions)
    print(
      `${key}\n\nSave this key now: only its hash is stored. Id: ${apiKey.keyId}, scopes: ${apiKey.scopes.join(' ')}`,
    )
  },
})

const list = command({
  name: 'list',
  describe: 'list the API keys of a tenant, without their secrets',
  options: { tenant: option.required('id', 'the tenant', tenantId) },
  async run(open, { tenant }, { table }) {
    const { api, tenantContext } = await open()
    const found = await api.listKeys(await tenantContext(tenant))
    table(
      found.map((key) => ({
        id: key.keyId,
        name: key.name,
        prefix: `${key.prefix}…`,
        owner: key.userId ?? key.serviceAccountId ?? '-',
        scopes: key.scopes.join(' '),
        'limited to': boundsText(key),
        expires: day(key.expiresAt),
        revoked: day(key.revokedAt),
        'last used': day(key.lastUsedAt),
      })),
    )
  },
})

const revoke = command({
  name: 'revoke',
  describe: 'revoke an API key, and every key created with it, at once and in every process',
  arguments: { keyId: argument.required() },
  options: { tenant: option.required('id', 'the tenant', tenantId) },
  async run(open, { keyId, tenant }, { print }) {
    const { api, context } = await open()
    const key = await api.revokeKey(context(tenant), { keyId })
    print(`Revoked ${key.keyId} (${key.prefix}…).`)
  },
})

/** `plimsoll keys create|list|revoke`. */
export const keyCommands: CommandGroup<Access> = {
  name: 'keys',
  describe: 'manage the API keys of a tenant',
  commands: [create, list, revoke],
}

function inputOf(given: Given<typeof createOptions>, now: Date): unknown {
  const { name, scopes, expires, server, toolset, network, readOnly, serviceAccount } = given
  return {
    name,
    scopes,
    ...(expires !== undefined && { expiresAt: expires(now) }),
    ...(server !== undefined && { servers: server }),
    ...(toolset !== undefined && { toolsets: toolset }),
    ...(network !== undefined && { networks: network }),
    ...(readOnly && { readOnly }),
    ...(serviceAccount !== undefined && { serviceAccountId: serviceAccount }),
  }
}

/** The option that sets each field of the input. */
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
  return new Failure('invalid', 'The key was not created.', { problems })
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
    throw invalidValue('Expected days from now such as 90d, or a UTC date such as 2027-01-31.')
  }
  return () => new Date(`${text}T00:00:00Z`)
}
