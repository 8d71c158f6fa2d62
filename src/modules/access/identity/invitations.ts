import { z } from 'zod'
import { personal } from '#kernel/audit'
import { ROLES } from '#kernel/principal'
import { query } from '#kernel/calls/operation'
import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { change } from '#kernel/writes/change'
import type { WriteCtx } from '#kernel/writes/change'
import { answered, answerOf } from '../answers.ts'
import { around } from '../around.ts'
import type { Mailer } from '../mail/mailer.ts'
import { requirePerson, requireRank } from './role-rules.ts'
import { Email } from './shapes.ts'
import {
  closeInvitation,
  findInvitingTenant,
  insertInvitation,
  InvitationRow,
  listInvitations,
  listInvitationsOf,
  lockInvitation,
  NamedInvitationRow,
  tenantName,
} from './store/invitations.ts'
import type { LockedInvitation } from './store/invitations.ts'
import { addMember, findMemberByEmail, lockRole } from './store/members.ts'
import { findPerson } from './store/people.ts'

const INVITATION_DAYS = 7

export interface InvitationParts {
  readonly system: Db
  readonly mailer: Pick<Mailer, 'send'>
  readonly publicUrl: () => string
}

const Nothing = z.strictObject({})
const InvitationRef = z.strictObject({ invitation_id: z.string().min(1).max(100) })
const InvitationAnswer = answerOf(InvitationRow)

/**
 * Creates an invitation and mails its link. Inviting the same e-mail address again renews the open invitation, with the
 * new role and expiry.
 */
export function invite({ system, mailer, publicUrl }: InvitationParts) {
  const write = change({
    action: 'access.invite',
    scope: 'access:write',
    effect: 'create',
    input: z.strictObject({ email: Email, role: z.enum(ROLES).default('member') }),
    output: z.object({ row: InvitationRow, organisation: z.string() }),
    async work(ctx, { email, role }) {
      requireRank(ctx, role)
      if ((await findMemberByEmail(system, ctx.tenantId, email)) !== undefined) {
        throw new Failure('conflict', 'This person is already a member.', { code: 'ALREADY_MEMBER' })
      }
      const now = ctx.clock()
      const row = await insertInvitation(ctx, {
        invitation_id: newId('inv', now),
        email,
        role,
        created_at: now,
        expires_at: new Date(now.getTime() + INVITATION_DAYS * 86_400_000),
        inviter_id: ctx.userId ?? ctx.actor.id,
      })
      const after = { role, email: personal(`invitation:${row.invitation_id}`, row.email) }
      return { result: { row, organisation: await tenantName(ctx) }, subject: row.invitation_id, after }
    },
  })
  return around(write, {
    input: write.input,
    output: InvitationAnswer,
    async run(ctx, input) {
      const { row, organisation } = await write(ctx, input)
      const inviter = ctx.userId === undefined ? undefined : await findPerson(system, ctx.userId)
      const link = `${publicUrl()}/invitation?id=${row.invitation_id}`
      mailer.send({
        to: row.email,
        subject: `Invitation to ${organisation}`,
        text: `${inviter === undefined ? 'You have been invited' : `${inviter.name} (${inviter.email}) invites you`} to join ${organisation} as ${row.role}. Sign in, or create an account with this e-mail address, and accept within ${INVITATION_DAYS} days:\n\n${link}\n`,
        link,
      })
      return answered(row)
    },
  })
}

export const invitationsOf = query({
  scope: 'access:read',
  input: Nothing,
  output: z.array(InvitationAnswer),
  run: async (ctx) => (await listInvitations(ctx)).map(answered),
})

export const cancelInvitation = change({
  action: 'access.cancel-invitation',
  scope: 'access:write',
  effect: 'destroy',
  input: InvitationRef,
  output: InvitationAnswer,
  async work(ctx, { invitation_id: id }) {
    const { role } = await lockOpenInvitation(ctx, id)
    return { result: answered(await closeInvitation(ctx, id, 'canceled')), subject: id, before: { role } }
  },
})

/** The caller's own open invitations. */
export const myInvitations = (system: Db) =>
  query({
    scope: 'account:read',
    input: Nothing,
    output: z.array(answerOf(NamedInvitationRow)),
    async run(ctx) {
      const { email } = await confirmedPerson(system, ctx)
      return (await listInvitationsOf(system, email, ctx.clock())).map(answered)
    },
  })

/** Makes the caller a member of the organisation that invited their confirmed address. */
export function acceptInvitation(system: Db) {
  const write = change({
    action: 'access.accept-invitation',
    scope: 'account:write',
    effect: 'update',
    input: InvitationRef.extend({ user_id: z.string(), email: z.string() }),
    output: InvitationAnswer,
    async work(ctx, { invitation_id: id, user_id, email }) {
      const row = await lockOpenInvitation(ctx, id)
      if (row.email !== email) throw noInvitation(id)
      await requireInviter(ctx, row)
      const { role } = row
      const since = ctx.clock()
      await addMember(ctx, { id: newId('mbr', since), user_id, role, since })
      const accepted = answered(await closeInvitation(ctx, id, 'accepted'))
      return { result: accepted, subject: id, after: { user: user_id, role } }
    },
  })
  return around(write, {
    input: InvitationRef,
    output: InvitationAnswer,
    async run(ctx, { invitation_id }) {
      const { id: user_id, email } = await confirmedPerson(system, ctx)
      const tenantId = await findInvitingTenant(system, invitation_id, email)
      if (tenantId === undefined) throw noInvitation(invitation_id)
      // The invitation and its audit event belong to the inviting organisation, which the caller is not in yet.
      return write({ ...ctx, tenantId, db: system }, { invitation_id, user_id, email })
    },
  })
}

async function lockOpenInvitation(ctx: WriteCtx, id: string): Promise<LockedInvitation> {
  const row = await lockInvitation(ctx, id)
  if (row === undefined) throw noInvitation(id)
  if (row.status === 'pending' && row.expires_at > ctx.clock()) return row
  const what = row.status === 'pending' ? 'has expired' : `was ${row.status}`
  throw new Failure('conflict', `This invitation ${what}.`, { code: 'INVITATION_CLOSED' })
}

/**
 * Refuses an invitation whose inviter could no longer give its role: a person who was removed or demoted must not
 * return by an invitation of their own. Invitations by services and from the command line stay valid until they are
 * cancelled.
 */
async function requireInviter(ctx: WriteCtx, { inviter_id: inviterId, role }: LockedInvitation): Promise<void> {
  if (!inviterId.startsWith('usr_')) return
  const own = await lockRole(ctx, inviterId)
  if (own !== undefined && ROLES.indexOf(role) <= ROLES.indexOf(own)) return
  const message = 'The person who invited you can no longer give this role. Ask for a new invitation.'
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
