import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { requireScope } from '#kernel/writes/scope'
import { Consent, ConsentInput, PersonText, RetentionInput, RetentionRule } from './contract.ts'
import { findReturned } from './store/suppressions.ts'
import { reportKeyOf } from './tenant-keys.ts'
import type { TenantKeys } from './tenant-keys.ts'

export interface RuleVerbs {
  readonly keys: TenantKeys
  readonly recordConsent: (ctx: Ctx, input: ConsentInput) => Promise<Consent>
  readonly consentsOf: (ctx: Ctx, input: { person: string }) => Promise<{ current: Consent[]; history: Consent[] }>
  readonly retentionRules: (ctx: Ctx) => Promise<RetentionRule[]>
  readonly setRetention: (ctx: Ctx, rules: Readonly<Record<string, number | null>>) => Promise<void>
}

const path = '/api/v1/privacy'
const tags = ['privacy']
const Rules = z.object({ rules: z.array(RetentionRule) })
const RETURNED_MAX = 200

/** Consent, retention, and what proves and follows an erasure. */
export function ruleRoutes(verbs: RuleVerbs): Route[] {
  return [
    route({
      ...{ method: 'POST', path: `${path}/consents`, tags, scope: 'privacy:write', status: 201 },
      summary: 'Record that a person gave or withdrew consent to a purpose',
      body: ConsentInput,
      response: Consent,
      run: (ctx, { body }) => verbs.recordConsent(ctx, body),
    }),
    route({
      ...{ method: 'GET', path: `${path}/consents`, tags, scope: 'privacy:read' },
      summary: 'Read where a person stands on each purpose, and how it came about',
      query: z.strictObject({ person: PersonText }),
      response: z.object({ current: z.array(Consent), history: z.array(Consent) }),
      run: (ctx, { query }) => verbs.consentsOf(ctx, query),
    }),
    route({
      ...{ method: 'GET', path: `${path}/retention`, tags, scope: 'privacy:read' },
      summary: 'Read for how many days each category of personal data is kept',
      response: Rules,
      run: async (ctx) => ({ rules: await verbs.retentionRules(ctx) }),
    }),
    route({
      ...{ method: 'PUT', path: `${path}/retention`, tags, scope: 'privacy:write' },
      summary: 'Set for how many days categories of personal data are kept; null keeps for ever',
      body: RetentionInput,
      response: z.object({ rules: RetentionInput.shape.rules }),
      run: async (ctx, { body }) => {
        await verbs.setRetention(ctx, body.rules)
        return body
      },
    }),
    route({
      ...{ method: 'GET', path: `${path}/report-key`, tags, scope: 'privacy:read' },
      summary: 'Read the public key that erasure reports are verified with',
      response: z.object({ key_id: z.string(), public_key: z.string() }),
      run: reportKeyOf(verbs.keys),
    }),
    route({
      ...{ method: 'GET', path: `${path}/returned`, tags, scope: 'privacy:read' },
      summary: 'List people who were erased and are held again, as keyed hashes',
      response: z.object({
        returned: z.array(
          z.object({ request_id: z.string(), erased_at: z.iso.datetime(), returned_at: z.iso.datetime() }),
        ),
      }),
      run: async (ctx) => {
        requireScope(ctx, 'privacy:read')
        const rows = await findReturned(ctx, RETURNED_MAX)
        return {
          returned: rows.map(({ request_id, erased_at, returned_at }) => ({
            ...{ request_id, erased_at: erased_at.toISOString(), returned_at: returned_at.toISOString() },
          })),
        }
      },
    }),
  ]
}
