import { z } from 'zod'
import { change } from '#kernel/writes/change'
import type { WriteCtx } from '#kernel/writes/change'
import type { CacheTag } from '#kernel/cache/tags'
import type { Ctx, OpenContext } from '#kernel/context'
import { isDuplicate } from '#kernel/database/errors'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { groupCommit } from '#kernel/writes/group-commit'
import type { GroupCommitBounds } from '#kernel/writes/group-commit'
import { customerTags } from '../record/cache-tags.ts'
import { savePeople } from './people.ts'
import type { SavedPeople } from './people.ts'
import type { SegmentCall, TrackedEvent } from './segment.ts'
import { ensurePartitions, receiveMessages, receiveNewMessages, saveEvents } from './store/events.ts'
import type { AttributedEvent } from './store/events.ts'
import { findCustomersOfGroups, findCustomersOfUsers } from './store/people.ts'

/** Stores calls and resolves after the commit. Calls with a known message id are ignored. */
export interface Ingest {
  (ctx: Ctx, calls: readonly SegmentCall[]): Promise<IngestResult>
  /** Resolves when the queue is empty; calls still queued after `seconds` are refused. */
  drain(seconds: number): Promise<void>
}

/** The number of one caller's calls that were new. */
export interface IngestResult {
  readonly accepted: number
}

interface Submitted {
  readonly ctx: Ctx
  readonly calls: readonly SegmentCall[]
}

const BOUNDS: GroupCommitBounds = {
  batchMax: { count: 5000, bytes: 32 * 1024 ** 2 },
  waitingMax: { count: 100_000, bytes: 128 * 1024 ** 2 },
  waitMillisecondsMax: 5000,
  lanesMax: 1000,
  batchesAtOnce: 2,
}

/**
 * Stores calls of several requests that used the same API key in one transaction, under a deadline independent of the
 * requests.
 */
export function groupedIngest({ openContext }: { readonly openContext: OpenContext }): Ingest {
  const months = new Set<string>()
  const group = groupCommit<Submitted, IngestResult>({
    items: 'events',
    bounds: BOUNDS,
    weigh: ({ calls }) => ({ count: calls.length, bytes: bytesOf(calls) }),
    now: ({ ctx }) => ctx.clock().getTime(),
    retrySingly: (error) => !(error instanceof Failure),
    async commit(batch, signal) {
      const [first] = batch
      if (first === undefined) return []
      // The route has checked the scope of each caller: `customers:write`, or `events:write` of a page.
      const writer = { ...first.ctx, scopes: new Set(['customers:write'] as const) }
      const ctx = openContext(writer, { requestId: newId('ing', first.ctx.clock()), signal })
      const accepted = await saveAnyCalls(
        ctx,
        batch.flatMap(({ calls }) => calls),
        months,
      )
      return batch.map(({ calls }) => ({ accepted: calls.filter((call) => accepted.has(call)).length }))
    },
  })
  const ingest = (ctx: Ctx, calls: readonly SegmentCall[]) =>
    group.submit(JSON.stringify([ctx.tenantId, ctx.actor.kind, ctx.actor.id]), { ctx, calls })
  return Object.assign(ingest, { drain: group.drain })
}

/** Estimated memory of a call besides its JSON: ids, names and the objects that hold them. */
const CALL_BYTES = 500

function bytesOf(calls: readonly SegmentCall[]): number {
  let bytes = CALL_BYTES * calls.length
  for (const call of calls) {
    if (call.kind === 'event') bytes += call.propertiesJson?.length ?? 0
    else if (call.kind !== 'alias') bytes += call.traitsJson.length
  }
  return bytes
}

async function saveAnyCalls(
  ctx: Ctx,
  calls: readonly SegmentCall[],
  months: Set<string>,
): Promise<ReadonlySet<SegmentCall>> {
  await prepareMonths(ctx, calls, months)
  return storeCalls(ctx, { calls, allNew: true }).catch((error: unknown) => {
    if (!isDuplicate(error)) throw error
    return saveCalls(ctx, calls)
  })
}

async function prepareMonths(ctx: Ctx, calls: readonly SegmentCall[], months: Set<string>): Promise<void> {
  const missing = new Set<string>()
  for (const call of calls) {
    if (call.kind === 'event' && !months.has(call.occurredAt.slice(0, 7))) missing.add(call.occurredAt.slice(0, 7))
  }
  if (missing.size === 0) return
  await ensurePartitions(ctx, missing)
  for (const month of missing) months.add(month)
}

/** Stores the calls in one transaction and returns those that were new. */
export async function saveCalls(ctx: Ctx, calls: readonly SegmentCall[]): Promise<ReadonlySet<SegmentCall>> {
  return storeCalls(ctx, { calls, allNew: false })
}

/** `allNew` costs a third less, but fails the whole batch if any call is a duplicate. */
const storeCalls = change({
  action: 'customers.ingest',
  scope: 'customers:write',
  effect: 'create',
  input: z.object({ calls: z.custom<readonly SegmentCall[]>(), allNew: z.boolean() }),
  output: z.custom<ReadonlySet<SegmentCall>>(),
  async work(ctx, { calls, allNew }) {
    const accepted = allNew ? await acceptAll(ctx, calls) : await acceptNew(ctx, calls)
    const people = await savePeople(ctx, accepted)
    const events = await attributed(
      ctx,
      accepted.filter((call) => call.kind === 'event'),
    )
    await saveEvents(ctx, 'api', events, { allNew })
    return {
      result: new Set(accepted),
      subject: 'events',
      after: {
        received: calls.length,
        accepted: accepted.length,
        unattributed: events.filter(({ clientId }) => clientId === null).length,
        ...(people.created.length > 0 && { customers_created: people.created }),
      },
      invalidates: staleTags(people),
    }
  },
})

/** The cache tags to invalidate. Usage alone invalidates nothing, because it is visible only after its roll-up. */
function staleTags({ created, described, contactsOf }: SavedPeople): CacheTag[] {
  if (created.length > 0) return [customerTags.all]
  const clients = [...new Set([...described, ...contactsOf])].map((clientId) => customerTags.client(clientId))
  return described.length > 0 ? [...clients, customerTags.clients] : clients
}

async function acceptAll(ctx: WriteCtx, calls: readonly SegmentCall[]): Promise<readonly SegmentCall[]> {
  const distinct = distinctCalls(calls)
  await receiveNewMessages(
    ctx,
    distinct.map(({ messageId }) => messageId),
  )
  return distinct
}

async function acceptNew(ctx: WriteCtx, calls: readonly SegmentCall[]): Promise<readonly SegmentCall[]> {
  const distinct = distinctCalls(calls)
  const fresh = await receiveMessages(
    ctx,
    distinct.map(({ messageId }) => messageId),
  )
  return fresh === 'all' ? distinct : distinct.filter(({ messageId }) => fresh.has(messageId))
}

/** Removes duplicates: of calls with the same message id the first is kept. */
function distinctCalls(calls: readonly SegmentCall[]): SegmentCall[] {
  const byId = new Map<string, SegmentCall>()
  for (const call of calls) if (!byId.has(call.messageId)) byId.set(call.messageId, call)
  return [...byId.values()]
}

/** Attributes each event to the customer named by its call, or else to the known customer of its user. */
async function attributed(ctx: Ctx, events: readonly TrackedEvent[]): Promise<AttributedEvent[]> {
  const groupIds = new Set<string>()
  const userIds = new Set<string>()
  for (const { groupId, userId } of events) {
    if (groupId !== null) groupIds.add(groupId)
    else if (userId !== null) userIds.add(userId)
  }
  const ofGroups = await findCustomersOfGroups(ctx, [...groupIds])
  const ofUsers = await findCustomersOfUsers(ctx, [...userIds])
  return events.map((event) => ({
    event,
    clientId: (event.groupId === null ? ofUsers.get(event.userId ?? '') : ofGroups.get(event.groupId)) ?? null,
  }))
}
