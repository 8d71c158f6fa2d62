import { randomBytes } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import type { Db, Tx } from '../database/db.ts'
import { statement, writing } from '../database/statement.ts'
import { sql } from '../database/sql.ts'
import { autocommit } from '../database/transact.ts'
import { encryptedColumn } from '../crypto/encrypted-field.ts'
import type { EncryptedField } from '../crypto/encrypted-field.ts'
import type { Keyring } from '../crypto/keyring.ts'
import type { SealPersonal } from './redact.ts'
import { ERASED, MASKED, masked, openValue, personsIn, replaced, sealValue } from './sealed-value.ts'
import type { SealedValue } from './sealed-value.ts'

/** The encryption keys of people, one per person and tenant, for personal data in the audit trail. */
export interface PersonKeys {
  /**
   * Returns the function that encrypts values of these people, creating missing keys. An erased person gets no new key:
   * later values about them are not stored at all.
   */
  sealer(tenantId: string, people: ReadonlySet<string>): Promise<SealPersonal>
  /**
   * Decrypts the values. Those whose key was destroyed are shown as erased. With `only`, values about other people are
   * masked.
   */
  open(
    from: { readonly db: Db; readonly tenantId: string },
    values: readonly unknown[],
    only?: ReadonlySet<string>,
  ): Promise<unknown[]>
}

const KEYS_CACHED_MAX = 10_000
/**
 * How long a key is cached without checking whether it was destroyed. What another process encrypts under a destroyed
 * key in that time is unreadable, because the key is stored nowhere.
 */
const TRUSTED_MILLISECONDS = 60_000

/** `db` is the handle for single system statements: a key must outlive the transaction it was first used in. */
export function personKeys({ db, keyring, clock }: { db: Db; keyring: Keyring; clock: Clock }): PersonKeys {
  const cached = new LRUCache<string, { readonly key: Uint8Array | null }>({
    max: KEYS_CACHED_MAX,
    ttl: TRUSTED_MILLISECONDS,
  })

  /** The existing keys; null for an erased person. */
  const find = async (tenantId: string, people: readonly string[]): Promise<[string, Uint8Array | null][]> => {
    if (people.length === 0) return []
    const rows = await findKeys({ db, tenantId }, { people })
    return rows.map(({ person, wrapped_key: wrapped }) => {
      const key = wrapped === null ? null : keyring.open(wrapped, contextOf(tenantId, person))
      cached.set(cacheKey(tenantId, person), { key })
      return [person, key]
    })
  }
  const make = async (tenantId: string, people: readonly string[]): Promise<[string, Uint8Array | null][]> => {
    if (people.length === 0) return []
    const wrapped = people.map((person) => keyring.seal(randomBytes(KEY_BYTES), contextOf(tenantId, person)))
    await insertKeys(autocommit({ db, tenantId }), { people, wrapped, now: clock() })
    return find(tenantId, people)
  }
  return {
    async sealer(tenantId, people) {
      // Copied first: a cached key may be evicted while the others are fetched.
      const keys = new Map<string, Uint8Array | null>()
      const lacking = () => [...people].filter((person) => !keys.has(person)).toSorted()
      for (const person of people) {
        const known = cached.get(cacheKey(tenantId, person))
        if (known !== undefined) keys.set(person, known.key)
      }
      for (const [person, key] of await find(tenantId, lacking())) keys.set(person, key)
      for (const [person, key] of await make(tenantId, lacking())) keys.set(person, key)
      return (person, json): SealedValue => {
        const key = keys.get(person) ?? null
        return key === null
          ? { $person: person }
          : { $person: person, sealed: sealValue(key, json, contextOf(tenantId, person)) }
      }
    },
    async open({ db: reader, tenantId }, values, only) {
      const people = [...personsIn(values)].filter((person) => only?.has(person) !== false)
      if (people.length === 0) return values.map(masked)
      const keys = new Map<string, Uint8Array>()
      for (const { person, wrapped_key: wrapped } of await findKeys({ db: reader, tenantId }, { people })) {
        if (wrapped !== null) keys.set(person, keyring.open(wrapped, contextOf(tenantId, person)))
      }
      const shown = ({ $person, sealed }: SealedValue): unknown => {
        if (only?.has($person) === false) return MASKED
        const key = keys.get($person)
        if (key === undefined || sealed === undefined) return ERASED
        return openValue(key, sealed, contextOf(tenantId, $person))
      }
      return values.map((value) => replaced(value, shown))
    },
  }
}

interface Erasing {
  readonly db: Tx
  readonly tenantId: string
  readonly clock: Clock
}

/**
 * Destroys the keys of these people in the transaction of `ctx.db` and returns their number. No new ones are ever
 * created.
 */
export async function destroyPersonKeys(ctx: Erasing, people: readonly string[]): Promise<number> {
  if (people.length === 0) return 0
  const rows = await destroyKeys(ctx, { people: [...new Set(people)].toSorted(), now: ctx.clock() })
  return rows.filter(({ had_key }) => had_key).length
}

/** The wrapped person keys, for re-encryption when the root key is rotated. */
export const personKeyField: EncryptedField = encryptedColumn({
  name: 'audit.person-keys',
  table: 'audit.person_keys',
  key: ['tenant_id', 'person'],
  column: 'wrapped_key',
  context: (tenantId = '', person = '') => contextOf(tenantId, person),
})

const Texts = z.array(z.string()).readonly()

const findKeys = statement(
  'audit.find-person-keys',
  sql`select person, wrapped_key from audit.person_keys where tenant_id = :tenant_id and person = any (:people)`,
  {
    params: { people: Texts },
    row: z.strictObject({ person: z.string(), wrapped_key: z.string().nullable() }),
  },
)

const insertKeys = writing(
  'audit.insert-person-keys',
  sql`insert into audit.person_keys (tenant_id, person, wrapped_key, created_at)
   select :tenant_id, person, wrapped_key, :now from unnest(:people::text[], :wrapped::text[]) as made (person, wrapped_key)
   on conflict do nothing`,
  { params: { people: Texts, wrapped: Texts, now: z.date() } },
)

/** Also records people without a key, so that no later event creates one. */
const destroyKeys = writing(
  'audit.destroy-person-keys',
  sql`with had as (
     select person from audit.person_keys
     where tenant_id = :tenant_id and person = any (:people) and wrapped_key is not null
   ), gone as (
     insert into audit.person_keys (tenant_id, person, created_at, destroyed_at)
     select :tenant_id, person, :now, :now from unnest(:people::text[]) as person
     on conflict (tenant_id, person) do update
       set wrapped_key = null, destroyed_at = coalesce(person_keys.destroyed_at, excluded.destroyed_at)
     returning person
   )
   select exists (select from had where had.person = gone.person) as had_key from gone`,
  { params: { people: Texts, now: z.date() }, row: z.strictObject({ had_key: z.boolean() }) },
)

const KEY_BYTES = 32

/** Binds a value to its person and tenant: copied elsewhere, it does not decrypt. */
const contextOf = (tenantId: string, person: string) => `audit.person-key:${tenantId}:${person}`
const cacheKey = (tenantId: string, person: string) => `${tenantId}\n${person}`
