import { z } from 'zod'
import type { OnTx } from '../database/statement.ts'
import { writing } from '../database/statement.ts'
import { sql } from '../database/sql.ts'

const Place = z.enum(['database', 's3'])

const insertBlob = writing(
  'files.begin-blob',
  sql`insert into files.blobs (tenant_id, blob_id, place, clear_at) values (:tenant_id, :blob_id, :place, :clear_at)`,
  { params: { blob_id: z.string(), place: Place, clear_at: z.date() } },
)

/** Records that a blob is being written, and the time after which its upload must have ended. */
export async function beginBlob(
  on: OnTx,
  blobId: string,
  { place, clearAt }: { readonly place: z.output<typeof Place>; readonly clearAt: Date },
): Promise<void> {
  await insertBlob(on, { blob_id: blobId, place, clear_at: clearAt })
}

const completeBlob = writing(
  'files.complete-blob',
  sql`update files.blobs set clear_at = null, bytes = :bytes, sha256 = :sha256, etag = :etag
   where tenant_id = :tenant_id and blob_id = :blob_id and bytes is null and clear_at <> '-infinity' returning blob_id`,
  {
    params: {
      blob_id: z.string(),
      bytes: z.number(),
      sha256: z.instanceof(Buffer),
      etag: z.string().nullable(),
    },
    row: z.strictObject({ blob_id: z.string() }),
  },
)

export interface WholeBlob {
  readonly blobId: string
  readonly bytes: number
  readonly sha256: Buffer
  readonly etag: string | null
}

/** Marks a blob as complete. Resolves with false when it was cleared meanwhile. */
export async function keepBlob(on: OnTx, { blobId, bytes, sha256, etag }: WholeBlob): Promise<boolean> {
  return (await completeBlob(on, { blob_id: blobId, bytes, sha256, etag })).length === 1
}

const clearLater = writing(
  'files.clear-blob-later',
  sql`update files.blobs set clear_at = :at where tenant_id = :tenant_id and blob_id = :blob_id and clear_at is null`,
  { params: { blob_id: z.string(), at: z.date() } },
)

/** Schedules the removal of a blob; current readers may finish until then. */
export async function clearBlobLater(on: OnTx, blobId: string, at: Date): Promise<void> {
  await clearLater(on, { blob_id: blobId, at })
}

const Claimed = z.strictObject({ blob_id: z.string(), place: Place, etag: z.string().nullable() })
export type ClaimedBlob = z.output<typeof Claimed>

const claimDue = writing(
  'files.claim-blobs',
  sql`update files.blobs set clear_at = '-infinity' where tenant_id = :tenant_id and blob_id in (
     select blob_id from files.blobs where tenant_id = :tenant_id and clear_at <= :now::timestamptz
     order by clear_at, blob_id limit :rows)
     and clear_at is not null
   returning blob_id, place, etag`,
  { params: { now: z.date(), rows: z.number() }, row: Claimed },
)
const claimOne = writing(
  'files.claim-blob',
  sql`update files.blobs set clear_at = '-infinity'
   where tenant_id = :tenant_id and blob_id = :blob_id and clear_at is not null returning blob_id, place, etag`,
  { params: { blob_id: z.string() }, row: Claimed },
)
const deleteBlob = writing(
  'files.delete-blob',
  sql`delete from files.blobs where tenant_id = :tenant_id and blob_id = :blob_id and clear_at is not null`,
  { params: { blob_id: z.string() } },
)

/** Claims blobs that are due for removal, so that no upload can use them for a file. */
export function claimBlobs(on: OnTx, now: Date, rows: number): Promise<ClaimedBlob[]> {
  return claimDue(on, { now, rows })
}

/** Claims one blob for removal. Undefined: a file uses it. */
export async function claimBlob(on: OnTx, blobId: string): Promise<ClaimedBlob | undefined> {
  const [row] = await claimOne(on, { blob_id: blobId })
  return row
}

export async function forgetBlob(on: OnTx, blobId: string): Promise<void> {
  await deleteBlob(on, { blob_id: blobId })
}
