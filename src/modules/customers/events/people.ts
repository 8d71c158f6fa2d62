import { createHash } from 'node:crypto'
import type { WriteCtx } from '#kernel/writes/change'
import { dayOf } from '../record/days.ts'
import type { AliasCall, GroupCall, IdentifyCall, SegmentCall } from './segment.ts'
import { attributeEvents } from './store/held-events.ts'
import {
  describeCustomersOfGroups,
  findCustomersOfGroups,
  findCustomersOfUsers,
  saveContactsOfUsers,
  saveNewCustomers,
  saveSameUsers,
  saveUsers,
} from './store/people.ts'
import type { GroupRow, SameUser, UserRow } from './store/people.ts'

/** The client ids of customers changed by identify, group and alias calls. */
export interface SavedPeople {
  readonly created: readonly string[]
  /** Existing customers whose description changed. */
  readonly described: readonly string[]
  /** Customers whose contacts changed. */
  readonly contactsOf: readonly string[]
}

/**
 * Applies identify, group and alias calls in order: groups become customers, users are linked to them, identified users
 * become contacts, and held events move to their customer.
 */
export async function savePeople(ctx: WriteCtx, calls: readonly SegmentCall[]): Promise<SavedPeople> {
  const groups = calls.filter((call) => call.kind === 'group')
  const identifies = calls.filter((call) => call.kind === 'identify')
  const aliases = calls.filter((call) => call.kind === 'alias')
  if (groups.length + identifies.length + aliases.length === 0) {
    return { created: [], described: [], contactsOf: [] }
  }
  const { created, described } = await saveGroups(ctx, groups)
  const sameUsers = sameUsersOf(identifies, aliases)
  const users = await linkUsers(ctx, groups, identifies, sameUsers)
  await saveUsers(ctx, users)
  await saveSameUsers(ctx, sameUsers)
  const userIds = users.map(({ userId }) => userId)
  const contactsOf = await saveContactsOfUsers(ctx, userIds)
  await attributeEvents(ctx, { groupIds: groups.map(({ groupId }) => groupId), userIds })
  return { created, described, contactsOf }
}

async function saveGroups(
  ctx: WriteCtx,
  calls: readonly GroupCall[],
): Promise<Pick<SavedPeople, 'created' | 'described'>> {
  if (calls.length === 0) return { created: [], described: [] }
  const known = await findCustomersOfGroups(ctx, [...new Set(calls.map(({ groupId }) => groupId))])
  const today = dayOf(ctx.clock())
  const rows = new Map<string, GroupRow>()
  for (const call of calls) {
    const traits = { ...traitsOf(rows.get(call.groupId)?.traitsJson), ...traitsOf(call.traitsJson) }
    rows.set(call.groupId, {
      clientId: known.get(call.groupId) ?? clientIdOf(call.groupId),
      groupId: call.groupId,
      name: text(traits['name']),
      industry: text(traits['industry'])?.slice(0, 100) ?? null,
      startDate: call.createdOn ?? rows.get(call.groupId)?.startDate ?? today,
      traitsJson: JSON.stringify(traits),
    })
  }
  const sorted = [...rows.values()].toSorted((a, b) => (a.clientId < b.clientId ? -1 : 1))
  const created = await saveNewCustomers(
    ctx,
    sorted.filter(({ groupId }) => !known.has(groupId)),
  )
  const described = await describeCustomersOfGroups(
    ctx,
    sorted.filter(({ clientId }) => !created.includes(clientId)),
  )
  return { created, described }
}

/** Merges everything these calls state about a user into one row per user. */
async function linkUsers(
  ctx: WriteCtx,
  groups: readonly GroupCall[],
  identifies: readonly IdentifyCall[],
  sameUsers: readonly SameUser[],
): Promise<UserRow[]> {
  const groupIds = [...groups, ...identifies].flatMap(({ groupId }) => groupId ?? [])
  const customers = await findCustomersOfGroups(ctx, [...new Set(groupIds)])
  const users = new Map<string, UserRow>()
  const merge = (userId: string, clientId: string | undefined, traits: Readonly<Record<string, unknown>>) => {
    const before = users.get(userId)
    const merged = { ...traitsOf(before?.traitsJson), ...traits }
    users.set(userId, { userId, clientId: clientId ?? before?.clientId ?? null, traitsJson: JSON.stringify(merged) })
  }
  for (const { userId, groupId } of groups) if (userId !== null) merge(userId, customers.get(groupId), {})
  for (const { userId, groupId, traitsJson } of identifies) {
    merge(userId, groupId === null ? undefined : customers.get(groupId), traitsOf(traitsJson))
  }
  const stored = await findCustomersOfUsers(ctx, [...new Set(sameUsers.map(({ userId }) => userId))])
  for (const { userId, otherId } of sameUsers) merge(otherId, users.get(userId)?.clientId ?? stored.get(userId), {})
  return [...users.values()]
}

/** The ids that calls say are the same user, such as the anonymous id from before the sign-in. */
function sameUsersOf(identifies: readonly IdentifyCall[], aliases: readonly AliasCall[]): SameUser[] {
  return [
    ...aliases.map(({ userId, previousId }) => ({ userId, otherId: previousId })),
    ...identifies.flatMap(({ userId, anonymousId }) =>
      anonymousId === null || anonymousId === userId ? [] : [{ userId, otherId: anonymousId }],
    ),
  ]
}

const CLIENT_ID = /^[A-Za-z0-9_-]{1,100}$/

/** Derives a client id from a group id that is not a valid one (`acme.com`); a hash keeps the derived ids distinct. */
function clientIdOf(groupId: string): string {
  if (CLIENT_ID.test(groupId)) return groupId
  const hash = createHash('sha256').update(groupId).digest('hex').slice(0, 10)
  return `${groupId.replaceAll(/[^A-Za-z0-9_-]/g, '_').slice(0, 80)}-${hash}`
}

function traitsOf(json: string | undefined): Record<string, unknown> {
  // safe because: it was written by storableJson from an object.
  return json === undefined ? {} : (JSON.parse(json) as Record<string, unknown>)
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 200) : null
}
