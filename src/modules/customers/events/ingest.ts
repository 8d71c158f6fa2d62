import { setImmediate as nextTurn } from 'node:timers/promises'
import { change } from '#kernel/writes/single-change'
import type { Ctx, OpenContext } from '#kernel/context'
import { isDuplicate } from '#kernel/database/errors'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { savePeople } from './people.ts'
import type { SegmentCall, TrackedEvent } from './segment.ts'
import { ensurePartitions, receiveMessages, receiveNewMessages, saveEvents } from './store/events.ts'
import type { AttributedEvent } from './store/events.ts'
import { findCustomersOfGroups, findCustomersOfUsers } from './store/people.ts'

/** Stores calls; answers after they are committed. A message id that was taken before is passed over. */
export type Ingest = (ctx: Ctx, calls: readonly SegmentCall[]) => Promise<IngestResult>

/** Of one caller's calls: how many were new. */
export interface IngestResult {
  readonly accepted: number
}

interface Waiting {
  readonly since: number
  readonly calls: readonly SegmentCall[]
  readonly resolve: (result: IngestResult) => void
  readonly reject: (error: unknown) => void
}

interface Lane {
  readonly waiting: Waiting[]
  callsWaiting: number
  running: number
}

const CALLS_PER_COMMIT_MAX = 5000
/** Two: while the database works on one group, the next is being put together. */
const COMMITS_AT_ONCE = 2
const CALLS_WAITING_MAX = 100_000
/** Where the first in the queue has waited for so long, a newcomer would wait past its deadline. */
const WAIT_MILLISECONDS_MAX = 5000

/**
 * Group commit: while transactions of a tenant's key are under way, what arrives waits and goes into the next one
 * together. Nobody is answered before the commit, and nobody waits for a timer. Under load the price of a transaction
 * (audit row, commit, round trips) is shared by hundreds of requests.
 */
export function groupedIngest({ openContext }: { readonly openContext: OpenContext }): Ingest {
  const lanes = new Map<string, Lane>()
  const months = new Set<string>()

  const run = async (key: string, lane: Lane, first: Ctx) => {
    // One turn, so that requests already read from their sockets come along.
    await nextTurn()
    while (lane.waiting.length > 0) {
      const group = takeGroup(lane)
      const signal = new AbortController().signal
      const open = () => openContext(first, { requestId: newId('ing', first.clock()), signal })
      await saveGroup(open, group, months)
    }
    lane.running--
    if (lane.running === 0) lanes.delete(key)
  }

  return (ctx, calls) => {
    const key = JSON.stringify([ctx.tenantId, ctx.actor.kind, ctx.actor.id])
    const lane = lanes.get(key) ?? { waiting: [], callsWaiting: 0, running: 0 }
    lanes.set(key, lane)
    const now = ctx.clock().getTime()
    const waited = now - (lane.waiting[0]?.since ?? now)
    if (lane.callsWaiting + calls.length > CALLS_WAITING_MAX || waited > WAIT_MILLISECONDS_MAX) {
      throw new Failure('unavailable', 'Too many events are waiting to be stored. Send them again.', {
        retryAfterSeconds: 1,
      })
    }
    return new Promise<IngestResult>((resolve, reject) => {
      lane.waiting.push({ since: now, calls, resolve, reject })
      lane.callsWaiting += calls.length
      if (lane.running >= COMMITS_AT_ONCE) return
      lane.running++
      run(key, lane, ctx).catch(reject)
    })
  }
}

function takeGroup(lane: Lane): Waiting[] {
  const group: Waiting[] = []
  let size = 0
  while (
    lane.waiting[0] !== undefined &&
    (group.length === 0 || size + lane.waiting[0].calls.length <= CALLS_PER_COMMIT_MAX)
  ) {
    size += lane.waiting[0].calls.length
    group.push(...lane.waiting.splice(0, 1))
  }
  lane.callsWaiting -= size
  return group
}

/** Answers every caller of the group. Calls that cannot be stored together are tried caller by caller. */
async function saveGroup(open: () => Ctx, group: readonly Waiting[], months: Set<string>): Promise<void> {
  try {
    const ctx = open()
    const calls = group.flatMap((waiting) => waiting.calls)
    await prepareMonths(ctx, calls, months)
    const accepted = await saveNewCalls(ctx, calls).catch((error: unknown) => {
      if (!isDuplicate(error)) throw error
      return saveCalls(ctx, calls)
    })
    for (const waiting of group)
      waiting.resolve({ accepted: waiting.calls.filter((call) => accepted.has(call)).length })
  } catch (error) {
    if (group.length === 1 || error instanceof Failure) for (const waiting of group) waiting.reject(error)
    else for (const waiting of group) await saveGroup(open, [waiting], months)
  }
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

/** Stores the calls in one transaction; answers those that were new. */
export const saveCalls = ingestChange({ allNew: false })

/** The same at two thirds of the price, for calls none of which was seen before; a duplicate fails the whole of it. */
const saveNewCalls = ingestChange({ allNew: true })

function ingestChange({ allNew }: { readonly allNew: boolean }) {
  return change<readonly SegmentCall[], ReadonlySet<SegmentCall>>(
    'customers.ingest',
    'customers:write',
    async (ctx, calls) => {
      const accepted = allNew ? await takeAll(ctx, calls) : await takeNew(ctx, calls)
      const created = await savePeople(ctx, accepted)
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
          ...(created.length > 0 && { customers_created: created }),
        },
        ...(created.length > 0 && { invalidates: ['customers'] }),
      }
    },
  )
}

async function takeAll(ctx: Ctx, calls: readonly SegmentCall[]): Promise<readonly SegmentCall[]> {
  const distinct = distinctCalls(calls)
  await receiveNewMessages(
    ctx,
    distinct.map(({ messageId }) => messageId),
  )
  return distinct
}

async function takeNew(ctx: Ctx, calls: readonly SegmentCall[]): Promise<readonly SegmentCall[]> {
  const distinct = distinctCalls(calls)
  const fresh = await receiveMessages(
    ctx,
    distinct.map(({ messageId }) => messageId),
  )
  return fresh === 'all' ? distinct : distinct.filter(({ messageId }) => fresh.has(messageId))
}

/** Of calls with the same message id the first counts. */
function distinctCalls(calls: readonly SegmentCall[]): SegmentCall[] {
  const byId = new Map<string, SegmentCall>()
  for (const call of calls) if (!byId.has(call.messageId)) byId.set(call.messageId, call)
  return [...byId.values()]
}

/** The customer of an event is the one its call names; without that, the one its user is known to belong to. */
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
