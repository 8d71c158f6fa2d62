import { z } from 'zod'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import { CreateServiceAccountInput, KeyBounds, KeyName, ScopeNames, ServiceAccountId } from './contract.ts'
import type { ApiKey, CreateKeyInput, ServiceAccount } from './contract.ts'

export interface KeyVerbs {
  createKey(ctx: Ctx, input: CreateKeyInput): Promise<{ key: string; apiKey: ApiKey }>
  listKeys(ctx: Ctx): Promise<ApiKey[]>
  revokeKey(ctx: Ctx, input: { keyId: string }): Promise<ApiKey>
  createServiceAccount(ctx: Ctx, input: CreateServiceAccountInput): Promise<ServiceAccount>
  listServiceAccounts(ctx: Ctx): Promise<ServiceAccount[]>
  disableServiceAccount(ctx: Ctx, input: { serviceAccountId: string }): Promise<ServiceAccount>
}

/** `/api/v1/keys` and `/api/v1/service-accounts`. */
export function keyRoutes(verbs: KeyVerbs): readonly Route[] {
  return [...ownKeys(verbs), ...serviceAccounts(verbs)]
}

function ownKeys({ createKey, listKeys, revokeKey }: KeyVerbs): readonly Route[] {
  const path = '/api/v1/keys'
  const tags = ['keys']
  return [
    route({
      ...{ method: 'GET', path, tags, scope: 'keys:read' },
      summary: 'Your API keys; all of the organisation for who holds access:read',
      response: z.object({ keys: z.array(KeyView) }),
      run: async (ctx) => ({ keys: (await listKeys(ctx)).map(keyView) }),
    }),
    route({
      ...{ method: 'POST', path, tags, scope: 'keys:write', limit: 'strict', status: 201 },
      summary: 'Make an API key for yourself, or for a service account; the key is in this answer and nowhere else',
      body: NewKey,
      response: z.object({ key: z.string(), api_key: KeyView }),
      run: async (ctx, { body }) => {
        const { key, apiKey } = await createKey(ctx, inputOf(body)).catch(inSnakeCase)
        return { key, api_key: keyView(apiKey) }
      },
    }),
    route({
      ...{ method: 'DELETE', path: `${path}/:key_id`, tags, scope: 'keys:write' },
      summary: 'End an API key, and every key that was made with it, from this moment',
      params: z.object({ key_id: z.string().max(100) }),
      response: KeyView,
      run: async (ctx, { params }) => keyView(await revokeKey(ctx, { keyId: params.key_id })),
    }),
  ]
}

function serviceAccounts(verbs: KeyVerbs): readonly Route[] {
  const path = '/api/v1/service-accounts'
  const tags = ['keys']
  return [
    route({
      ...{ method: 'GET', path, tags, scope: 'access:read' },
      summary: 'The service accounts of the organisation',
      response: z.object({ service_accounts: z.array(AccountView) }),
      run: async (ctx) => ({ service_accounts: (await verbs.listServiceAccounts(ctx)).map(accountView) }),
    }),
    route({
      ...{ method: 'POST', path, tags, scope: 'access:write', limit: 'strict', status: 201 },
      summary: 'Make a service account: a caller that is no person, with keys of its own',
      body: CreateServiceAccountInput,
      response: AccountView,
      run: async (ctx, { body }) => accountView(await verbs.createServiceAccount(ctx, body)),
    }),
    route({
      ...{ method: 'DELETE', path: `${path}/:service_account_id`, tags, scope: 'access:write' },
      summary: 'Disable a service account and end its keys, from this moment',
      params: z.object({ service_account_id: ServiceAccountId }),
      response: AccountView,
      run: async (ctx, { params }) =>
        accountView(await verbs.disableServiceAccount(ctx, { serviceAccountId: params.service_account_id })),
    }),
  ]
}

const { readOnly, ...namedBounds } = KeyBounds.shape

const NewKey = z.object({
  name: KeyName,
  scopes: ScopeNames,
  expires_at: z.iso.datetime({ offset: true }).optional(),
  ...namedBounds,
  read_only: readOnly,
  service_account_id: ServiceAccountId.optional(),
})

function inputOf(body: z.output<typeof NewKey>): CreateKeyInput {
  const { expires_at, read_only, service_account_id, ...rest } = body
  return {
    ...rest,
    ...(expires_at !== undefined && { expiresAt: new Date(expires_at) }),
    ...(read_only !== undefined && { readOnly: read_only }),
    ...(service_account_id !== undefined && { serviceAccountId: service_account_id }),
  }
}

/** Names the fields as the body does. */
function inSnakeCase(error: unknown): never {
  if (!(error instanceof Failure) || error.problems.length === 0) throw error
  const problems = error.problems.map((problem) => ({
    ...problem,
    path: `body.${problem.path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
  }))
  throw new Failure(error.kind, error.message, { code: error.code, problems })
}

const time = z.iso.datetime().nullable()
const names = z.array(z.string()).nullable()

const KeyView = z.object({
  key_id: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.string()),
  user_id: z.string().nullable(),
  service_account_id: z.string().nullable(),
  servers: names,
  toolsets: names,
  networks: names,
  read_only: z.boolean(),
  created_at: z.iso.datetime(),
  expires_at: time,
  revoked_at: time,
  last_used_at: time,
})

function keyView(key: ApiKey): z.input<typeof KeyView> {
  const { name, prefix, servers, toolsets, networks } = key
  return {
    ...{ name, prefix, scopes: [...key.scopes], key_id: key.keyId },
    ...{ user_id: key.userId, service_account_id: key.serviceAccountId, read_only: key.readOnly },
    ...{ servers: copy(servers), toolsets: copy(toolsets), networks: copy(networks) },
    created_at: key.createdAt.toISOString(),
    expires_at: iso(key.expiresAt),
    revoked_at: iso(key.revokedAt),
    last_used_at: iso(key.lastUsedAt),
  }
}

const AccountView = z.object({
  service_account_id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  created_at: z.iso.datetime(),
  disabled_at: time,
})

function accountView({
  serviceAccountId,
  name,
  scopes,
  createdAt,
  disabledAt,
}: ServiceAccount): z.input<typeof AccountView> {
  return {
    ...{ name, scopes: [...scopes], service_account_id: serviceAccountId },
    created_at: createdAt.toISOString(),
    disabled_at: iso(disabledAt),
  }
}

const iso = (date: Date | null) => date?.toISOString() ?? null
const copy = (list: readonly string[] | null) => (list === null ? null : [...list])
