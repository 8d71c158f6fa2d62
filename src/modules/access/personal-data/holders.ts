import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import type { Person, PersonalData, PersonalDataOutcome } from '#kernel/personal-data'
import { holdTables } from '#kernel/personal-data/hold-tables'
import { idsOf } from '#kernel/personal-data/person'
import { accountsOf, expireInvitations, erasePerson, rowsOfAccount } from './store.ts'
import type { Account } from './store.ts'

/** The personal-data holders of access. `system` is the system handle, because accounts belong to no tenant. */
export function accessPersonalData(system: Db): readonly PersonalData[] {
  return [accountPersonalData(system), keysPersonalData]
}

/**
 * The holder of accounts. An erasure by a tenant ends the person's membership. It also deletes the account, with its
 * sessions, second factors and OAuth grants, if the tenant is the person's own organisation or their last.
 */
function accountPersonalData(system: Db): PersonalData {
  const accounts = (ctx: Ctx, person: Person) =>
    accountsOf(ctx, system, { ids: idsOf(person, 'user'), emails: [...person.emails] })
  return {
    name: 'access.accounts',
    describe: 'The account: name, e-mail, memberships, sessions, second factors, and access granted to OAuth clients.',
    tables: [
      ...['access.users', 'access.members', 'access.sessions', 'access.accounts', 'access.two_factors'],
      ...['access.verifications', 'access.oauth_clients', 'access.oauth_consents', 'access.oauth_refresh_tokens'],
      ...['access.oauth_access_tokens'],
    ],
    identify: async (ctx, person) => {
      const found = await accounts(ctx, person)
      return {
        emails: found.map(({ email }) => email),
        names: found.map(({ name }) => name),
        refs: found.map(({ id }) => `user:${id}`),
      }
    },
    export: async (ctx, person) => {
      const held = []
      for (const { id } of await accounts(ctx, person)) held.push(...(await rowsOfAccount(system, id)))
      return held.map(({ held: table, row }) => ({ table, relation: 'own', ...row }))
    },
    preview: async (ctx, person) => outcomeOf(await accounts(ctx, person)),
    erase: async (ctx, person) => {
      const found = await accounts(ctx, person)
      for (const { id } of found) await erasePerson(ctx, id)
      return outcomeOf(found)
    },
  }
}

function outcomeOf(accounts: readonly Account[]): PersonalDataOutcome {
  const others = accounts.filter(({ goes }) => !goes)
  const kept = [
    ...others.map(({ other_tenants: count }) => ({
      what: 'memberships in other organisations, and with them the account',
      count,
      why: WHY,
    })),
    ...accounts.flatMap(({ goes, other_tenants: count }) =>
      goes && count > 0
        ? [{ what: 'other organisations that may hold data under the id of the account', count, why: WHY_OTHERS }]
        : [],
    ),
    ...accounts.flatMap(({ ownerless: count }) =>
      count === 0 ? [] : [{ what: 'organisations left without an owner', count, why: WHY_OWNERLESS }],
    ),
  ]
  // One row for each membership, and one for each deleted account.
  return { erased: accounts.length + accounts.filter(({ goes }) => goes).length, pseudonymised: 0, kept }
}

const WHY =
  'The person is also a member of other organisations, and each of them decides for itself. An erasure in the person’s own organisation deletes the account for all of them.'

const WHY_OTHERS =
  'Each of them decides for itself. Once the account is deleted, they can find the person by that id only, not by e-mail: tell them, or erase in all organisations at once (--all-tenants).'
const WHY_OWNERLESS =
  'The person is the last owner. Make somebody else an owner before you confirm: afterwards only the command line can.'

/** The holder of invitations and keys. The person's own are deleted; their name in those of others is removed. */
const keysPersonalData = holdTables({
  name: 'access.keys',
  describe: 'Invitations, API keys and their names, and the names of service accounts and of the organisation.',
  // The audit trail encrypts the recipient of an invitation with a key of the invitation: there may be no user id.
  identifies: true,
  holds: [
    {
      table: 'access.invitations',
      key: { id: 'text' },
      own: { emails: ['email'], ids: { id: 'invitation' } },
      eraseOwn: 'delete',
    },
    {
      table: 'access.api_keys',
      key: { key_id: 'text' },
      own: { ids: { user_id: 'user' } },
      text: ['name'],
      shows: ['key_id', 'name', 'prefix', 'scopes', 'created_at', 'revoked_at', 'last_used_at'],
      eraseOwn: 'delete',
    },
    {
      table: 'access.service_accounts',
      key: { service_account_id: 'text' },
      own: {},
      text: ['name'],
      eraseOwn: 'delete',
    },
    // Each tenant has one row, so the name serves as the key.
    { table: 'access.tenants', key: { name: 'text' }, own: {}, text: ['name'], eraseOwn: 'delete' },
  ],
  retention: { category: 'invitations', defaultDays: 90, expire: expireInvitations },
})
