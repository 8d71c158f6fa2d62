import { z } from 'zod'
import type { Ctx } from '#kernel/context'
import { route } from '#kernel/calls/route'
import type { Route } from '#kernel/calls/route'
import { Archive, ConfirmInput, Preview, PreviewInput, PrivacyRequest, RequestStatus } from './contract.ts'
import { ownAccount } from './own-data.ts'
import { readOwnRequest, readRequest, readRequests } from './read-requests.ts'

export interface PrivacyVerbs {
  readonly exportPerson: (ctx: Ctx, input: { person: string; rowsMax: number }) => Promise<Archive>
  readonly exportOwn: (ctx: Ctx, input: { person: string; rowsMax: number }) => Promise<Archive>
  readonly requestErasure: (ctx: Ctx, input: { person: string }) => Promise<Preview>
  readonly requestOwnErasure: (ctx: Ctx, input: { email: string }) => Promise<Preview>
  readonly confirm: (ctx: Ctx, input: { requestId: string; token: string }) => Promise<{ status: RequestStatus }>
  readonly confirmOwn: (ctx: Ctx, input: { requestId: string; token: string }) => Promise<{ status: RequestStatus }>
}

/** More do not go into one answer; the command line has no limit. */
const EXPORT_ROWS_MAX = 50_000

const tags = ['privacy']
const Id = z.strictObject({ id: z.string().min(5).max(60) })
const Confirmed = z.object({ request_id: z.string(), status: RequestStatus })
const Page = z.strictObject({
  cursor: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(100).default(20),
})

/** What an organisation does for the people it holds data of. */
export function requestRoutes(verbs: PrivacyVerbs): Route[] {
  const path = '/api/v1/privacy'
  return [
    route({
      ...{ method: 'POST', path: `${path}/exports`, tags, scope: 'privacy:read' },
      summary: 'Export everything that is held about a person',
      body: PreviewInput,
      response: Archive,
      run: (ctx, { body }) => verbs.exportPerson(ctx, { person: body.person, rowsMax: EXPORT_ROWS_MAX }),
    }),
    route({
      ...{ method: 'POST', path: `${path}/erasures`, tags, scope: 'privacy:write', status: 201 },
      summary: 'Preview the erasure of a person; its token confirms it within an hour',
      body: PreviewInput,
      response: Preview,
      run: (ctx, { body }) => verbs.requestErasure(ctx, body),
    }),
    route({
      ...{ method: 'POST', path: `${path}/erasures/:id/confirm`, tags, scope: 'privacy:write', status: 202 },
      summary: 'Confirm a previewed erasure; a worker carries it out',
      params: Id,
      body: ConfirmInput,
      response: Confirmed,
      run: async (ctx, { params: { id }, body }) => ({
        request_id: id,
        ...(await verbs.confirm(ctx, { requestId: id, token: body.confirm_token })),
      }),
    }),
    route({
      ...{ method: 'GET', path: `${path}/requests`, tags, scope: 'privacy:read' },
      summary: 'List exports and erasures, the newest first',
      query: Page,
      response: z.object({ requests: z.array(PrivacyRequest), next_cursor: z.string().nullable() }),
      run: (ctx, { query }) => readRequests(ctx, query),
    }),
    route({
      ...{ method: 'GET', path: `${path}/requests/:id`, tags, scope: 'privacy:read' },
      summary: 'Read one export or erasure, with its signed report once it is completed',
      params: Id,
      response: PrivacyRequest,
      run: (ctx, { params }) => readRequest(ctx, params.id),
    }),
  ]
}

/** What people do about their own account. */
export function ownDataRoutes(verbs: PrivacyVerbs): Route[] {
  const path = '/api/v1/users/me/privacy'
  return [
    route({
      ...{ method: 'POST', path: `${path}/exports`, tags, scope: 'own-data:read' },
      summary: 'Export everything that is held about you',
      response: Archive,
      run: (ctx) => verbs.exportOwn(ctx, { person: ownAccount(ctx), rowsMax: EXPORT_ROWS_MAX }),
    }),
    route({
      ...{ method: 'POST', path: `${path}/erasures`, tags, scope: 'own-data:write', status: 201 },
      summary:
        'Preview what this organisation would erase of you, the account too where it is your own; its e-mail has to be typed',
      body: z.strictObject({ email: z.string().min(3).max(255) }),
      response: Preview,
      run: (ctx, { body }) => verbs.requestOwnErasure(ctx, body),
    }),
    route({
      ...{ method: 'POST', path: `${path}/erasures/:id/confirm`, tags, scope: 'own-data:write', status: 202 },
      summary: 'Confirm your own erasure; a worker carries it out',
      params: Id,
      body: ConfirmInput,
      response: Confirmed,
      run: async (ctx, { params: { id }, body }) => {
        ownAccount(ctx)
        return { request_id: id, ...(await verbs.confirmOwn(ctx, { requestId: id, token: body.confirm_token })) }
      },
    }),
    route({
      ...{ method: 'GET', path: `${path}/requests/:id`, tags, scope: 'own-data:read' },
      summary: 'Read one export or erasure of yours',
      params: Id,
      response: PrivacyRequest,
      run: (ctx, { params }) => readOwnRequest(ctx, params.id),
    }),
  ]
}
