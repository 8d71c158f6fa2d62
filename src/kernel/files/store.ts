import { z } from 'zod'
import type { On, OnTx } from '../database/statement.ts'
import { statement, writing } from '../database/statement.ts'
import { sql } from '../database/sql.ts'
import type { Db } from '../database/db.ts'
import type { NewFile, StoredFile } from '../files.ts'
import type { WholeBlob } from './blob-store.ts'
import type { NameRange } from './file-name.ts'

const FileRow = z.strictObject({
  name: z.string(),
  blob_id: z.string(),
  place: z.enum(['database', 's3']),
  etag: z.string().nullable(),
  bytes: z.number(),
  sha256: z.instanceof(Buffer),
  media_type: z.string(),
  about: z.string().nullable(),
  stored_at: z.date(),
  expires_at: z.date().nullable(),
})
export type FileRow = z.output<typeof FileRow>

export const storedFile = (row: FileRow): StoredFile => ({
  name: row.name,
  mediaType: row.media_type,
  bytes: row.bytes,
  sha256: row.sha256.toString('hex'),
  storedAt: row.stored_at,
  expiresAt: row.expires_at ?? undefined,
  about: row.about ?? undefined,
})

const COLUMNS = sql`f.name, f.blob_id, b.place, b.etag, f.bytes, b.sha256, f.media_type, f.about, f.stored_at, f.expires_at`
const JOINED = sql`files.files f join files.blobs b on b.tenant_id = f.tenant_id and b.blob_id = f.blob_id`
const ALIVE = sql`coalesce(f.expires_at > :now::timestamptz, true)`

const find = statement(
  'files.find',
  sql`select ${COLUMNS} from ${JOINED} where f.tenant_id = :tenant_id and f.name = :name and ${ALIVE}`,
  { params: { name: z.string(), now: z.date() }, row: FileRow },
)

export async function findFile(on: On, name: string, now: Date): Promise<FileRow | undefined> {
  const [row] = await find(on, { name, now })
  return row
}

const list = statement(
  'files.list',
  sql`select ${COLUMNS} from ${JOINED}
   where f.tenant_id = :tenant_id and f.name > :after and f.name >= :from and f.name < :until and ${ALIVE}
   order by f.name limit :rows`,
  {
    params: { after: z.string(), from: z.string(), until: z.string(), rows: z.number(), now: z.date() },
    row: FileRow,
  },
)

/** One row more than the limit, if there is one. */
export function listFiles(on: On, { after, from, until, limit }: NameRange, now: Date): Promise<FileRow[]> {
  return list(on, { after, from, until, rows: limit + 1, now })
}

const Sum = z.strictObject({ bytes: z.number() })
const makeUsage = writing(
  'files.make-usage',
  sql`insert into files.usage (tenant_id, bytes) values (:tenant_id, 0) on conflict (tenant_id) do nothing`,
)
const lockUsage = writing(
  'files.lock-usage',
  sql`select bytes from files.usage where tenant_id = :tenant_id for update`,
  { row: Sum },
)
const readUsage = statement('files.usage', sql`select bytes from files.usage where tenant_id = :tenant_id`, {
  row: Sum,
})

/** Locks and returns the tenant's total size. Taken before any other lock, so that two writers cannot deadlock. */
export async function lockTenant(on: OnTx): Promise<number> {
  await makeUsage(on)
  const [row] = await lockUsage(on)
  return row?.bytes ?? 0
}

export async function usageOf(on: On): Promise<number> {
  const [row] = await readUsage(on)
  return row?.bytes ?? 0
}

const Replaced = z.strictObject({ blob_id: z.string(), bytes: z.number() })
const replaced = statement(
  'files.find-replaced',
  sql`select blob_id, bytes from files.files where tenant_id = :tenant_id and name = :name`,
  { params: { name: z.string() }, row: Replaced },
)

/** The file that a put of this name replaces, expired or not. Exact only under the tenant's lock. */
export async function findReplaced(on: On, name: string): Promise<z.output<typeof Replaced> | undefined> {
  const [row] = await replaced(on, { name })
  return row
}

const upsert = writing(
  'files.upsert',
  sql`insert into files.files (tenant_id, name, blob_id, bytes, media_type, about, stored_at, expires_at)
   values (:tenant_id, :name, :blob_id, :bytes, :media_type, :about, :stored_at, :expires_at)
   on conflict (tenant_id, name) do update set blob_id = excluded.blob_id, bytes = excluded.bytes,
     media_type = excluded.media_type, about = excluded.about, stored_at = excluded.stored_at,
     expires_at = excluded.expires_at`,
  { params: FileRow.omit({ place: true, etag: true, sha256: true }).shape },
)

export async function saveFile(on: OnTx, file: NewFile, { blobId, bytes }: WholeBlob, now: Date): Promise<void> {
  const { name, mediaType, about = null, expiresAt = null } = file
  await upsert(on, {
    name,
    blob_id: blobId,
    bytes,
    media_type: mediaType,
    about,
    stored_at: now,
    expires_at: expiresAt,
  })
}

const remove = writing(
  'files.delete',
  sql`delete from files.files f where tenant_id = :tenant_id and name = :name returning ${ALIVE} as is_alive`,
  { params: { name: z.string(), now: z.date() }, row: z.strictObject({ is_alive: z.boolean() }) },
)

/** Deletes a file. Resolves with false when there was none or it had expired. */
export async function deleteFile(on: OnTx, name: string, now: Date): Promise<boolean> {
  const [row] = await remove(on, { name, now })
  return row?.is_alive ?? false
}

const expired = writing(
  'files.expire',
  sql`delete from files.files where tenant_id = :tenant_id and name in (
     select name from files.files where tenant_id = :tenant_id and expires_at <= :now::timestamptz
     order by expires_at limit :rows)
   returning name`,
  { params: { now: z.date(), rows: z.number() }, row: z.strictObject({ name: z.string() }) },
)

/** Deletes at most `rows` expired files; resolves with their number. */
export async function expireFiles(on: OnTx, now: Date, rows: number): Promise<number> {
  return (await expired(on, { now, rows })).length
}

const due = statement(
  'files.tenants-due',
  sql`select tenant_id from files.blobs where clear_at <= :now::timestamptz
   union select tenant_id from files.files where expires_at <= :now::timestamptz`,
  { params: { now: z.date() }, row: z.strictObject({ tenant_id: z.string() }) },
)

/** The tenants that have expired files or blobs due for removal. Reads only the indexes of these. */
export async function tenantsDue(system: Db, now: Date): Promise<string[]> {
  return (await due({ db: system }, { now })).map(({ tenant_id }) => tenant_id)
}
