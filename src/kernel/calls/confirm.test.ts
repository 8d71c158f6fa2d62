import { beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { testDatabase } from '../../../test/support/database.ts'
import type { TestDatabase } from '../../../test/support/database.ts'
import { TEST_NOW, TEST_ROOT_KEY, testTenant } from '../../../test/support/tenant.ts'
import { statement, writing } from '../database/statement.ts'
import { sql } from '../database/sql.ts'
import { createKeyring } from '../crypto/keyring.ts'
import { autocommit } from '../database/transact.ts'
import { change } from '../writes/change.ts'
import { confirm, ConfirmToken } from './confirm.ts'
import { confirmTokens } from './confirm-tokens.ts'
import type { Answer, Interaction, Question } from './interaction.ts'

let database: TestDatabase
let now = TEST_NOW

beforeAll(async () => {
  database = await testDatabase()
  await database.owner.query(`
    create schema shelf;
    create table shelf.books (tenant_id text not null, id int not null, version int not null, primary key (tenant_id, id));
    select kernel.isolate_tenant('shelf.books')`)
})

const Book = z.strictObject({ id: z.int(), version: z.int() })
const put = writing(
  'shelf.put',
  sql`insert into shelf.books values (:tenant_id, :id, :version)
      on conflict (tenant_id, id) do update set version = excluded.version`,
  { params: Book.shape },
)
const remove = writing(
  'shelf.remove',
  sql`delete from shelf.books where tenant_id = :tenant_id and id = any(:ids) returning id, version`,
  {
    params: { ids: z.array(z.int()) },
    row: Book,
  },
)
const all = statement('shelf.all', sql`select id, version from shelf.books where tenant_id = :tenant_id order by id`, {
  row: Book,
})

const removeBooks = confirm(
  change({
    action: 'shelf.remove',
    scope: 'customers:write',
    effect: 'destroy',
    input: z.strictObject({
      ids: z.array(z.int()),
      idempotency_key: z.string().optional(),
      confirm_token: ConfirmToken,
    }),
    output: z.strictObject({ removed: z.int() }),
    async work(ctx, { ids }) {
      const touched = await remove(ctx, { ids })
      return { result: { removed: touched.length }, subject: ids.join(), touched }
    },
  }),
  {
    tokens: confirmTokens(createKeyring([TEST_ROOT_KEY]), () => now),
    when: ({ ids }) => ids.length > 1,
    question: ({ removed }) => `Remove ${removed} books?`,
  },
)

/** A tenant with books 1, 2 and 3. */
async function shelf() {
  now = TEST_NOW
  const tenant = await testTenant(database)
  const ctx = tenant.ctx()
  for (const id of [1, 2, 3]) await put(autocommit(ctx), { id, version: 1 })
  const books = async () => (await all(ctx)).map(({ id }) => id)
  return { tenant, ctx, books }
}

const Preview = z.object({ confirmation: z.object({ confirm_token: z.string() }) })

async function tokenFor(ctx: Parameters<typeof removeBooks>[0], ids: number[]): Promise<string> {
  return Preview.parse(await removeBooks(ctx, { ids })).confirmation.confirm_token
}

describe('a change that has to be confirmed', () => {
  it('is previewed first, with a question and a token, and changes nothing', async () => {
    const { ctx, books } = await shelf()
    expect(await removeBooks(ctx, { ids: [1, 2] })).toEqual({
      preview: { removed: 2 },
      confirmation: {
        question: 'Remove 2 books?',
        confirm_token: expect.stringMatching(/^[\w-]+\.[\w-]+$/),
        expires_at: '2026-11-20T12:10:00.000Z',
      },
    })
    expect(await books()).toEqual([1, 2, 3])
  })

  it('is made with the token of its preview', async () => {
    const { ctx, books } = await shelf()
    const confirm_token = await tokenFor(ctx, [1, 2])
    expect(await removeBooks(ctx, { ids: [1, 2], confirm_token })).toEqual({ removed: 2 })
    expect(await books()).toEqual([3])
  })

  it('and is retried with its idempotency key is made once, with the token or without', async () => {
    const { ctx } = await shelf()
    const call = { ids: [1, 2], idempotency_key: 'k' }
    const { confirmation } = Preview.parse(await removeBooks(ctx, call))
    const confirmed = { ...call, confirm_token: confirmation.confirm_token }
    expect(await removeBooks(ctx, confirmed)).toEqual({ removed: 2 })
    expect(await removeBooks(ctx, confirmed)).toEqual({ removed: 2 })
    expect(await removeBooks(ctx, call)).toEqual({ removed: 2 })
  })

  it('that needs no confirmation is made at once', async () => {
    const { ctx, books } = await shelf()
    expect(await removeBooks(ctx, { ids: [1] })).toEqual({ removed: 1 })
    expect(await books()).toEqual([2, 3])
  })

  it('that would touch nothing is answered at once', async () => {
    const { ctx, books } = await shelf()
    expect(await removeBooks(ctx, { ids: [8, 9] })).toEqual({ removed: 0 })
    expect(await books()).toEqual([1, 2, 3])
  })

  it.each<
    [string, (confirming: Awaited<ReturnType<typeof shelf>>) => Promise<[Parameters<typeof removeBooks>[0], number[]]>]
  >([
    ['other arguments', async ({ ctx }) => [ctx, [1, 3]]],
    ['another actor', async ({ ctx }) => [{ ...ctx, actor: { kind: 'user', id: 'usr_2' } }, [1, 2]]],
    [
      'what has changed since the preview',
      async ({ ctx }) => {
        await put(autocommit(ctx), { id: 2, version: 2 })
        return [ctx, [1, 2]]
      },
    ],
    [
      'more than ten minutes later',
      async ({ ctx }) => {
        now = new Date(TEST_NOW.getTime() + 600_000)
        return [ctx, [1, 2]]
      },
    ],
  ])('is refused for %s, and changes nothing', async (_what, altered) => {
    const confirming = await shelf()
    const confirm_token = await tokenFor(confirming.ctx, [1, 2])
    const [ctx, ids] = await altered(confirming)
    await expect(removeBooks(ctx, { ids, confirm_token })).rejects.toMatchObject({
      kind: 'conflict',
      code: 'CONFIRMATION_REFUSED',
    })
    expect(await confirming.books()).toEqual([1, 2, 3])
  })

  it.each(['', 'a.b', `${'x'.repeat(50)}.${'y'.repeat(43)}`])(
    'is refused for a forged token: %j',
    async (confirm_token) => {
      const { ctx, books } = await shelf()
      await expect(removeBooks(ctx, { ids: [1, 2], confirm_token })).rejects.toMatchObject({
        code: 'CONFIRMATION_REFUSED',
      })
      expect(await books()).toEqual([1, 2, 3])
    },
  )
})

describe('a caller who can be asked', () => {
  /** An interaction that gives this answer to every question and records the questions. */
  function person(action: 'accept' | 'decline', between: () => Promise<void> = () => Promise.resolve()) {
    const asked: Question[] = []
    const interaction: Interaction = {
      can: () => true,
      async ask(questions) {
        asked.push(...Object.values(questions))
        await between()
        const answer: Answer = { kind: 'form', action, content: { confirm: true } }
        return Object.fromEntries(Object.keys(questions).map((key) => [key, answer]))
      },
      progress: () => undefined,
      note: () => undefined,
    }
    return { asked, interaction }
  }

  it('is asked, and what they accept is made', async () => {
    const { ctx, books } = await shelf()
    const { asked, interaction } = person('accept')
    expect(await removeBooks(ctx, { ids: [1, 2] }, interaction)).toEqual({ removed: 2 })
    expect(asked).toMatchObject([{ kind: 'form', message: 'Remove 2 books?' }])
    expect(await books()).toEqual([3])
  })

  it('and declines changes nothing', async () => {
    const { ctx, books } = await shelf()
    await expect(removeBooks(ctx, { ids: [1, 2] }, person('decline').interaction)).rejects.toMatchObject({
      code: 'NOT_CONFIRMED',
    })
    expect(await books()).toEqual([1, 2, 3])
  })

  it('and accepts what has changed while they thought changes nothing; no transaction is open meanwhile', async () => {
    const { ctx, books } = await shelf()
    const { interaction } = person('accept', () => put(autocommit(ctx), { id: 2, version: 7 }).then(() => undefined))
    await expect(removeBooks(ctx, { ids: [1, 2] }, interaction)).rejects.toMatchObject({ code: 'CONFIRMATION_REFUSED' })
    expect(await books()).toEqual([1, 2, 3])
  })
})
