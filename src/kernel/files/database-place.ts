import { z } from 'zod'
import { statement, writing } from '../database/statement.ts'
import { sql } from '../database/sql.ts'
import { autocommit } from '../database/transact.ts'
import { Failure } from '../failure.ts'
import type { BlobPlace } from './blob-place.ts'
import { inChunks } from './byte-stream.ts'

/** The limit in the table's check constraint. */
const CHUNK_BYTES = 1024 ** 2

const Data = z.instanceof(Buffer)
const blob_id = z.string()
const number = z.number()

const insertChunk = writing(
  'files.insert-chunk',
  sql`insert into files.chunks (tenant_id, blob_id, number, data) values (:tenant_id, :blob_id, :number, :data)`,
  { params: { blob_id, number, data: Data } },
)

const readChunk = statement(
  'files.read-chunk',
  sql`select substring(data from :from::int for :length::int) as data from files.chunks
   where tenant_id = :tenant_id and blob_id = :blob_id and number = :number`,
  { params: { blob_id, number, from: z.number(), length: z.number() }, row: z.strictObject({ data: Data }) },
)

const deleteChunks = writing(
  'files.delete-chunks',
  sql`delete from files.chunks where tenant_id = :tenant_id and blob_id = :blob_id`,
  { params: { blob_id } },
)

/** Blobs in the database, as rows of 1 MiB. One row at a time is in memory. */
export const databasePlace: BlobPlace = {
  name: 'database',
  async write(on, { blobId }, content) {
    const single = autocommit(on)
    let count = 0
    for await (const data of inChunks(content, CHUNK_BYTES)) {
      await insertChunk(single, { blob_id: blobId, number: count, data })
      count++
    }
    return { etag: null }
  },
  async *read(on, { blobId }, { first, last }, signal) {
    for (let at = first; at <= last; ) {
      signal.throwIfAborted()
      const from = at % CHUNK_BYTES
      const length = Math.min(CHUNK_BYTES - from, last - at + 1)
      const place = { blob_id: blobId, number: Math.floor(at / CHUNK_BYTES) }
      const [row] = await readChunk(on, { ...place, from: from + 1, length })
      if (row === undefined) {
        throw new Failure('unavailable', 'The file was replaced or deleted while it was read. Read it again.')
      }
      yield row.data
      at += length
    }
  },
  async remove(on, { blobId }) {
    await deleteChunks(autocommit(on), { blob_id: blobId })
  },
}
