import { z } from 'zod'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { Failure } from '#kernel/failure'
import { answered, answerOf } from '../answers.ts'
import { around } from '../around.ts'
import { camelCased, snake, snakeCased } from '../field-names.ts'
import { CreateKeyInput, CreateServiceAccountInput, KeyRow, ServiceAccountId, ServiceAccountRow } from './contract.ts'
import type { ApiKey, ServiceAccount } from './contract.ts'
import type { KeyOperations } from './operations.ts'

/** `/api/v1/keys` and `/api/v1/service-accounts`. */
export function keyRoutes(operations: KeyOperations): readonly Route[] {
  return [...ownKeys(operations), ...serviceAccounts(operations)]
}

function ownKeys({ createKey, listKeys, revokeKey }: KeyOperations): readonly Route[] {
  const path = '/api/v1/keys'
  const tags = ['keys']
  const list = around(listKeys, {
    input: Nothing,
    output: z.object({ keys: z.array(KeyAnswer) }),
    run: async (ctx) => ({ keys: (await listKeys(ctx, {})).map(keyAnswer) }),
  })
  const create = around(createKey, {
    input: NewKey,
    output: z.object({ key: z.string(), api_key: KeyAnswer }),
    async run(ctx, input) {
      const { key, apiKey } = await createKey(ctx, camelCased(input)).catch(inSnakeCase)
      return { key, api_key: keyAnswer(apiKey) }
    },
  })
  const revoke = around(revokeKey, {
    input: z.strictObject({ key_id: z.string().max(100) }),
    output: KeyAnswer,
    run: async (ctx, input) => keyAnswer(await revokeKey(ctx, camelCased(input))),
  })
  return [
    route(list, {
      method: 'GET',
      path,
      tags,
      summary: 'List your API keys; with access:read, all keys of the organisation',
    }),
    route(create, {
      method: 'POST',
      path,
      tags,
      limit: 'strict',
      status: 201,
      summary: 'Create an API key for yourself or for a service account; the key is shown only in this answer',
    }),
    route(revoke, {
      method: 'DELETE',
      path: `${path}/:key_id`,
      tags,
      summary: 'Revoke an API key and every key created with it, effective at once',
    }),
  ]
}

function serviceAccounts(operations: KeyOperations): readonly Route[] {
  const { createServiceAccount, listServiceAccounts, disableServiceAccount } = operations
  const path = '/api/v1/service-accounts'
  const tags = ['keys']
  const list = around(listServiceAccounts, {
    input: Nothing,
    output: z.object({ service_accounts: z.array(AccountAnswer) }),
    run: async (ctx) => ({ service_accounts: (await listServiceAccounts(ctx, {})).map(accountAnswer) }),
  })
  const create = around(createServiceAccount, {
    input: CreateServiceAccountInput,
    output: AccountAnswer,
    run: async (ctx, input) => accountAnswer(await createServiceAccount(ctx, input)),
  })
  const disable = around(disableServiceAccount, {
    input: z.strictObject({ service_account_id: ServiceAccountId }),
    output: AccountAnswer,
    run: async (ctx, input) => accountAnswer(await disableServiceAccount(ctx, camelCased(input))),
  })
  return [
    route(list, {
      method: 'GET',
      path,
      tags,
      summary: 'List the service accounts of the organisation',
    }),
    route(create, {
      method: 'POST',
      path,
      tags,
      limit: 'strict',
      status: 201,
      summary: 'Create a service account: a non-human caller with its own keys',
    }),
    route(disable, {
      method: 'DELETE',
      path: `${path}/:service_account_id`,
      tags,
      summary: 'Disable a service account and revoke its keys, effective at once',
    }),
  ]
}

const Nothing = z.strictObject({})
const KeyAnswer = answerOf(KeyRow)
const AccountAnswer = answerOf(ServiceAccountRow)

const { name, scopes, readOnly, servers, toolsets, networks, serviceAccountId } = CreateKeyInput.shape
const NewKey = z.strictObject({
  name,
  scopes,
  expires_at: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional(),
  servers,
  toolsets,
  networks,
  read_only: readOnly,
  service_account_id: serviceAccountId,
})

/** Rethrows a validation failure with the field names of the request body. */
function inSnakeCase(error: unknown): never {
  if (!(error instanceof Failure) || error.problems.length === 0) throw error
  const problems = error.problems.map((problem) => ({ ...problem, path: `body.${snake(problem.path)}` }))
  throw new Failure(error.kind, error.message, { code: error.code, problems })
}

const keyAnswer = (key: ApiKey) => answered(snakeCased<z.output<typeof KeyRow>>(key))
const accountAnswer = (account: ServiceAccount) => answered(snakeCased<z.output<typeof ServiceAccountRow>>(account))
