import type { Ctx } from '#kernel/context'
import type { Db } from '#kernel/database/db'
import type { Person, PersonalData, PersonalDataOutcome } from '#kernel/personal-data'
import { holdTables } from '#kernel/personal-data/hold-tables'
import { idsOf } from '#kernel/personal-data/person'
import { accountsOf, expireInvitations, forgetPerson, rowsOfAccount } from './store.ts'
import type { Account } from './store.ts'

/** What access holds about people. `system` is the system handle: accounts belong to no tenant. */
export function accessPersonalData(system: Db): readonly PersonalData[] {
  return [accountPersonalData(system), keysPersonalData]
}

/**
 * An account is the person's own. A tenant that erases them ends their membership; the account goes with it where the
 * tenant is their own organisation or the last they are in, and with the account its sessions, factors and grants.
 */
function accountPersonalData(system: Db): PersonalData {
  const accounts = (ctx: Ctx, person: Person) =>
    accountsOf(ctx, system, { ids: idsOf(person, 'user'), emails: [...person.emails] })
  return {
    name: 'access.accounts',
    describe: 'The account: name, e-mail, memberships, sessions, second factors, and what programs were allowed.',
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
      for (const { id } of found) await forgetPerson(ctx, id)
      return outcomeOf(found)
    },
  }
}

function outcomeOf(accounts: readonly Account[]): PersonalDataOutcome {
  const others = accounts.filter(({ goes }) => !goes)
  const kept = [
    ...others.map(({ other_tenants: count }) => ({
      what: 'an account, of as many other organisations',
      count,
      why: WHY,
    })),
    ...accounts.flatMap(({ goes, other_tenants: count }) =>
      goes && count > 0
        ? [{ what: 'what other organisations hold under the id of the account', count, why: WHY_OTHERS }]
        : [],
    ),
    ...accounts.flatMap(({ ownerless: count }) =>
      count === 0 ? [] : [{ what: 'an organisation that no owner is left in', count, why: WHY_OWNERLESS }],
    ),
  ]
  // A row each for the membership, and for the account where it goes.
  return { erased: accounts.length + accounts.filter(({ goes }) => goes).length, pseudonymised: 0, kept }
}

const WHY =
  'The account is the person’s own, and other organisations gave it access: each of them decides for itself. Erased in the person’s own organisation, it goes from all.'

const WHY_OTHERS =
  'Each of them decides for itself. Once the account is gone they find the person by that id alone, and by no e-mail: tell them, or erase in all of them at once (--all-tenants).'
const WHY_OWNERLESS =
  'The person is its last owner. Make somebody else an owner before this is confirmed, or only the command line can.'

/** Their keys go – they were revoked with the membership – and so do invitations; a name in another’s is scrubbed. */
const keysPersonalData = holdTables({
  name: 'access.keys',
  describe:
    'Invitations, API keys and what they are called, and the names of service accounts and of the organisation.',
  // The audit trail keeps whom an invitation is for under a key of the invitation's: whoever it is for may have no other id.
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
    // The tenant is the whole key: its one row is found by its name.
    { table: 'access.tenants', key: { name: 'text' }, own: {}, text: ['name'], eraseOwn: 'delete' },
  ],
  retention: { category: 'invitations', defaultDays: 90, expire: expireInvitations },
})
