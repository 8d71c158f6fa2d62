import { createHash, randomBytes } from 'node:crypto'
import { z } from 'zod'
import { operation } from '#kernel/calls/operation'
import type { Keyring } from '#kernel/crypto/keyring'
import { newId } from '#kernel/ids'
import type { Person } from '#kernel/personal-data'
import type { Scope } from '#kernel/principal'
import { change } from '#kernel/writes/change'
import { HolderOutcome, Preview, PreviewInput } from './contract.ts'
import { subjectContext } from './encrypted-fields.ts'
import type { Holders } from './identify-person.ts'
import { identifyPerson } from './identify-person.ts'
import { digestOf, notSearched, previewsOf } from './outcomes.ts'
import { insertRequest } from './store/requests.ts'
import { identifiersOf, knownOf, readSubject } from './subject.ts'
import type { TenantKeys } from './tenant-keys.ts'

export interface PrivacyParts {
  readonly holders: Holders
  readonly keyring: Keyring
  readonly keys: TenantKeys
}

/** How long a preview can be confirmed. */
const CONFIRM_SECONDS = 3600

export const newConfirmToken = () => randomBytes(24).toString('base64url')
export const tokenHash = (token: string) => createHash('sha256').update(token).digest('base64url')

/**
 * Previews an erasure and returns the token that confirms it. The token is valid for an hour, for this tenant, person,
 * preview and actor. Give the same `token` to previews in several tenants to confirm them together.
 */
export function requestErasure({ holders, keyring, keys }: PrivacyParts, scope: Scope = 'privacy:write') {
  const record = recordRequest(scope)
  return operation({
    scope,
    effect: 'create',
    input: PreviewInput.extend({ token: z.string().optional() }),
    output: Preview,
    calls: [record],
    async run(ctx, { person: text, token = newConfirmToken() }) {
      const person = await identifyPerson(ctx, holders, readSubject(text))
      const found = await previewsOf(ctx, holders, person)
      const now = ctx.clock()
      const request_id = newId('prq', now)
      const expiresAt = new Date(now.getTime() + CONFIRM_SECONDS * 1000)
      await record(ctx, {
        request_id,
        subject_hash: (await keys.hasher(ctx))(subjectOf(person)),
        subject_sealed: keyring.seal(JSON.stringify(knownOf(person)), subjectContext(ctx.tenantId, request_id)),
        expires_at: expiresAt,
        digest: digestOf(person, found),
        token_hash: tokenHash(token),
        found,
      })
      return {
        request_id,
        person: knownOf(person),
        holders: found,
        not_searched: notSearched(person),
        confirm_token: token,
        expires_at: expiresAt.toISOString(),
      }
    },
  })
}

/** The identifier under which a person's requests are stored: their first e-mail, else their first phone or ref. */
export function subjectOf(person: Person): string {
  const identifiers = identifiersOf(person)
  return identifiers.find((identifier) => identifier.startsWith('email:')) ?? identifiers[0] ?? ''
}

const recordRequest = (scope: Scope) =>
  change({
    action: 'privacy.preview-erasure',
    scope,
    effect: 'create',
    input: z.strictObject({
      request_id: z.string(),
      subject_hash: z.string(),
      subject_sealed: z.string(),
      expires_at: z.date(),
      digest: z.string(),
      token_hash: z.string(),
      found: z.array(HolderOutcome),
    }),
    output: z.void(),
    async work(ctx, request) {
      await insertRequest(ctx, { ...request, kind: 'erasure', status: 'previewed', completed_at: null })
      const { request_id, subject_hash, digest } = request
      return { result: undefined, subject: request_id, after: { subject_hash, digest } }
    },
  })
