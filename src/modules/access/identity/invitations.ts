import { personal } from '#kernel/audit'
import { ROLES } from '#kernel/principal'
import type { Role } from '#kernel/principal'
import { change } from '#kernel/writes/single-change'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { requireScope } from '#kernel/writes/scope'
import type { Mailer } from '../mail/mailer.ts'
import { requirePerson, requireRank } from './role-rules.ts'
import {
  closeInvitation,
  findInvitingTenant,
  insertInvitation,
  listInvitations,
  listInvitationsOf,
  lockInvitation,
  tenantName,
} from './store/invitations.ts'
import type { InvitationRow } from './store/invitations.ts'
import { addMember, isMember, lockRole } from './store/members.ts'
import { findPerson } from './store/people.ts'

const INVITATION_DAYS = 7

export interface InvitationParts {
  readonly system: Db
  readonly mailer: Pick<Mailer, 'send'>
  readonly publicUrl: () => string
}

/** Invites an e-mail and sends it the link. Who is invited anew keeps the one invitation, with the new role and time. */
export function invite({ system, mailer, publicUrl }: InvitationParts) {
  const write = change<{ email: string; role: Role }, { row: InvitationRow; organisation: string }>(
    'access.invite',
    'access:write',
    async (ctx, { email, role }) => {
      requireRank(ctx, role)
      if (await isMember(system, ctx.tenantId, email)) {
        throw new Failure('conflict', 'This person is a member already.', { code: 'ALREADY_MEMBER' })
      }
      const now = ctx.clock()
      const expiresAt = new Date(now.getTime() + INVITATION_DAYS * 86_400_000)
      const row = await insertInvitation(ctx, {
        ...{ id: newId('inv', now), email, role, expiresAt },
        inviterId: ctx.userId ?? ctx.actor.id,
      })
      const after = { role, email: personal(`invitation:${row.id}`, row.email) }
      return { result: { row, organisation: await tenantName(ctx) }, subject: row.id, after }
    },
  )
  return async (ctx: Ctx, input: { email: string; role: Role }): Promise<InvitationRow> => {
    const { row, organisation } = await write(ctx, input)
    const link = `${publicUrl()}/invitation?id=${row.id}`
    mailer.send({
      to: row.email,
      subject: `Invitation to ${organisation}`,
      text: `You are invited to work in ${organisation} as ${row.role}. Sign in, or make an account with this address, and accept within ${INVITATION_DAYS} days:\n\n${link}\n`,
      link,
    })
    return row
  }
}

export async function invitationsOf(ctx: Ctx): Promise<InvitationRow[]> {
  requireScope(ctx, 'access:read')
  return listInvitations(ctx)
}

export const cancelInvitation = change<{ id: string }, InvitationRow>(
  'access.cancel-invitation',
  'access:write',
  async (ctx, { id }) => {
    const row = await openInvitation(ctx, id)
    await closeInvitation(ctx, id, 'canceled')
    return { result: { ...row, status: 'canceled' }, subject: id, before: { role: row.role } }
  },
)

/** The invitations that are open for whoever calls. */
export const myInvitations = (system: Db) => async (ctx: Ctx) => {
  requireScope(ctx, 'account:read')
  const person = await confirmedPerson(system, ctx)
  return listInvitationsOf(system, person.email, ctx.clock())
}

/** Makes the caller a member of the organisation that invited their confirmed address. */
export function acceptInvitation(system: Db) {
  const write = change<{ id: string; userId: string; email: string }, InvitationRow>(
    'access.accept-invitation',
    'account:write',
    async (ctx, { id, userId, email }) => {
      const row = await openInvitation(ctx, id)
      if (row.email !== email) throw noInvitation(id)
      await requireInviter(ctx, row)
      const since = ctx.clock()
      await addMember(ctx, { id: newId('mbr', since), userId, role: row.role, since })
      await closeInvitation(ctx, id, 'accepted')
      return { result: { ...row, status: 'accepted' }, subject: id, after: { user: userId, role: row.role } }
    },
  )
  return async (ctx: Ctx, { id }: { id: string }): Promise<InvitationRow> => {
    requireScope(ctx, 'account:write')
    const person = await confirmedPerson(system, ctx)
    const tenantId = await findInvitingTenant(system, id, person.email)
    if (tenantId === undefined) throw noInvitation(id)
    // The invitation is a row, and its acceptance an event, of the organisation that the person is not in yet.
    const there = { ...ctx, tenantId, db: system }
    return write(there, { id, userId: person.id, email: person.email })
  }
}

async function openInvitation(ctx: Ctx, id: string): Promise<InvitationRow> {
  const row = await lockInvitation(ctx, id)
  if (row === undefined) throw noInvitation(id)
  if (row.status === 'pending' && row.expires_at > ctx.clock()) return row
  const what = row.status === 'pending' ? 'has expired' : `was ${row.status}`
  throw new Failure('conflict', `This invitation ${what}.`, { code: 'INVITATION_CLOSED' })
}

/**
 * An invitation is worth what its inviter is: who was taken out, or lost the role, must not come back by one they sent
 * themselves. Those of services and of the command line stand until they are taken back.
 */
async function requireInviter(ctx: Ctx, { inviter_id: inviterId, role }: InvitationRow): Promise<void> {
  if (!inviterId.startsWith('usr_')) return
  const own = await lockRole(ctx, inviterId)
  if (own !== undefined && ROLES.indexOf(role) <= ROLES.indexOf(own)) return
  const message = 'Whoever invited you may not give this role any more. Ask for another invitation.'
  throw new Failure('conflict', message, { code: 'INVITATION_CLOSED' })
}

async function confirmedPerson(system: Db, ctx: Ctx) {
  const person = await findPerson(system, requirePerson(ctx))
  if (person?.email_verified === true) return person
  throw new Failure('forbidden', 'Confirm your e-mail address first.', { code: 'EMAIL_NOT_VERIFIED' })
}

function noInvitation(id: string): Failure {
  return new Failure('not_found', `There is no invitation ${id} for you.`, { code: 'INVITATION_NOT_FOUND' })
}
