import fc from 'fast-check'
import { beforeAll, expect, it } from 'vitest'
import { withFacts, personOf } from '#kernel/personal-data/person'
import { autocommit } from '#kernel/database/transact'
import { addCustomers } from '../../../../test/support/customer-data.ts'
import { testDatabase } from '../../../../test/support/database.ts'
import type { TestDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { customersPersonalData } from './holders.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await testDatabase()
})

const oneOf = (characters: string) => fc.constantFrom(...Array.from(characters))

const word = fc
  .string({ unit: oneOf('abcdefghijklmnopqrstuvwyzéüñøčą'), minLength: 3, maxLength: 8 })
  .map((text) => text.charAt(0).toUpperCase() + text.slice(1))
const localPart = fc.string({ unit: oneOf('abcdefgh0123456789'), minLength: 4, maxLength: 10 })
const somebody = fc.record({
  name: fc.tuple(word, word).map((words) => words.join(' ')),
  email: fc.tuple(localPart, fc.constantFrom('', '+news', '.x', "o'b")).map(([a, b]) => `${a}${b}@example.org`),
  phone: fc.string({ unit: oneOf('23456789'), minLength: 10, maxLength: 10 }),
})
type Somebody = typeof somebody extends fc.Arbitrary<infer T> ? T : never

/** An identifier as people write it. */
const mention = (of: Somebody) =>
  fc
    .oneof(
      fc.constantFrom(of.email, of.email.toUpperCase(), `<${of.email}>`, encodeURIComponent(of.email)),
      fc.constantFrom(of.name, of.name.toUpperCase(), of.name.split(' ').toReversed().join(', ')),
      fc.constantFrom(
        of.phone,
        `+1 ${of.phone}`,
        `(${of.phone.slice(0, 3)}) ${of.phone.slice(3, 6)}-${of.phone.slice(6)}`,
      ),
    )
    .chain((text) => fc.constantFrom(text, `call ${text}, please`, `"${text}"`, `x\n${text}\ty`, `\\${text}\\`))

const filler = fc.string({ unit: oneOf('zx.,;:"\\/{}[]<>-_ \n\té😀\''), maxLength: 30 })

const world = fc
  .tuple(somebody, somebody)
  .filter(([a, b]) => a.name !== b.name && !b.email.includes(a.email) && a.phone.slice(-9) !== b.phone.slice(-9))
  .chain(([ada, bob]) =>
    fc.record({
      ada: fc.constant(ada),
      bob: fc.constant(bob),
      texts: fc.array(
        fc.tuple(filler, fc.option(mention(ada)), fc.option(mention(bob)), filler).map((parts) => parts.join(' ')),
        { minLength: 1, maxLength: 6 },
      ),
    }),
  )

it('after erasing any person, no text contains their e-mail, name or phone, and rows without them are unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(world, async ({ ada, bob, texts }) => {
      const tenant = await testTenant(database)
      await addCustomers(database, tenant.tenantId, [{ clientId: 'acme' }])
      await fill(tenant.tenantId, ada, bob, texts)
      const before = await rowsOf(tenant.tenantId)

      const ctx = tenant.ctx()
      let person = personOf({ emails: [ada.email] })
      for (const { identify } of customersPersonalData)
        person = withFacts(person, (await identify?.(ctx, person)) ?? {})
      for (const holder of customersPersonalData) await holder.erase(autocommit(ctx), person)

      const after = await rowsOf(tenant.tenantId)
      expect(after.filter((row) => isAbout(row, ada))).toEqual([])
      const untouched = before.filter((row) => !isAbout(row, ada) && !row.includes('u-ada'))
      expect(after).toEqual(expect.arrayContaining(untouched))
      expect(after.filter((row) => row.includes(bob.email.toLowerCase())).length).toBeGreaterThan(0)
    }),
    { numRuns: 40 },
  )
}, 60_000)

async function fill(tenantId: string, ada: Somebody, bob: Somebody, texts: readonly string[]): Promise<void> {
  const { owner } = database
  for (const [of, id] of [
    [ada, 'u-ada'],
    [bob, 'u-bob'],
  ] as const) {
    const traits = JSON.stringify({ email: of.email, name: of.name, phone: of.phone })
    await owner.query(
      `insert into customers.contacts (tenant_id, contact_id, client_id, email, name, user_id, attributes)
       values ($1, $2, 'acme', $3, $4, $5, $6)`,
      [tenantId, `cnt_${id}`, of.email, of.name, id, traits],
    )
  }
  for (const [at, text] of texts.entries()) {
    const json = JSON.stringify({ [text]: text, list: [text, 1.5, 12345678901234567890n.toString()] })
    const who = at % 2 === 0 ? ['u-bob', bob] : ['u-ada', ada]
    await owner.query(
      `insert into customers.usage_events (tenant_id, client_id, occurred_at, message_id, event_name, user_id, properties)
       values ($1, 'acme', '2026-11-01T00:00:00Z', $2, 'did', $3, $4)`,
      [tenantId, `m${at}`, who[0], json],
    )
    await owner.query(
      `insert into customers.tickets (tenant_id, ticket_id, client_id, subject, requester_email, requester_name, internal_notes, opened_at, attributes)
       values ($1, $2, 'acme', 'Something', $3, $4, $5, now(), $6)`,
      [tenantId, `t${at}`, at % 2 === 0 ? bob.email : ada.email, at % 2 === 0 ? bob.name : ada.name, text, json],
    )
  }
}

async function rowsOf(tenantId: string): Promise<string[]> {
  const tables = ['contacts', 'usage_events', 'tickets']
  const found = await Promise.all(
    tables.map((table) =>
      database.owner.query<{ row: string }>(
        `select to_jsonb(t)::text as row from customers.${table} t where tenant_id = $1 order by 1`,
        [tenantId],
      ),
    ),
  )
  return found.flatMap(({ rows }) => rows.map(({ row }) => row))
}

function isAbout(row: string, { name, email, phone }: Somebody): boolean {
  const text = row.toLowerCase()
  const reversed = name.toLowerCase().split(' ').toReversed().join(', ')
  return (
    [email.toLowerCase(), encodeURIComponent(email).toLowerCase(), name.toLowerCase(), reversed].some((one) =>
      text.includes(one),
    ) || text.replaceAll(/[^0-9a-z]+/g, '').includes(phone)
  )
}
