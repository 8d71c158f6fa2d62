import type { Ctx } from '../context.ts'
import { TransactionHandle } from '../database/handle.ts'
import { transact } from '../database/transact.ts'
import { Failure } from '../failure.ts'
import type { ByteRange, Files, OpenFile } from '../files.ts'
import { retryTransient } from '../writes/retry-transient.ts'
import type { BlobPlace, OnTenant } from './blob-place.ts'
import { verified } from './byte-stream.ts'
import { databasePlace } from './database-place.ts'
import { checkedName, cursorAfter, nameRange } from './file-name.ts'
import { putFile } from './put-file.ts'
import type { PutOptions } from './put-file.ts'
import { deleteFile, findFile, listFiles, lockTenant, storedFile } from './store.ts'
import type { FileRow } from './store.ts'

export function openFiles(options: PutOptions): Files {
  const { database, s3 } = options
  const handleOf = (ctx: Ctx): OnTenant => {
    const { tenantId, signal } = own(ctx)
    return { tenantId, db: database.forTenant(tenantId, { signal }) }
  }

  return {
    put: (ctx, file) => putFile(own(ctx), file, options),
    async get(ctx, name, range) {
      const on = handleOf(ctx)
      const row = await findFile(on, checkedName(name), ctx.clock())
      if (row === undefined) throw new Failure('not_found', `There is no file ${name}.`, { code: 'FILE_NOT_FOUND' })
      return openFile(row, range, (wanted) =>
        placeOf(row, s3).read(on, { blobId: row.blob_id, etag: row.etag }, wanted, ctx.signal),
      )
    },
    async list(ctx, list = {}) {
      const on = handleOf(ctx)
      const range = nameRange(list)
      const rows = await listFiles(on, range, ctx.clock())
      const shown = rows.slice(0, range.limit)
      const last = rows.length > range.limit ? shown.at(-1) : undefined
      return { files: shown.map(storedFile), nextCursor: last && cursorAfter(last.name) }
    },
    async delete(ctx, name) {
      const { tenantId, db } = handleOf(ctx)
      checkedName(name)
      return retryTransient(ctx.signal, () =>
        transact(db, async (tx) => {
          await lockTenant({ tenantId, db: tx })
          return deleteFile({ tenantId, db: tx }, name, ctx.clock())
        }),
      )
    },
  }
}

function own(ctx: Ctx): Ctx {
  if (ctx.db instanceof TransactionHandle)
    throw new Error('Files must be used before or after a change, never inside one.')
  return ctx
}

function openFile(
  row: FileRow,
  asked: ByteRange | undefined,
  read: (range: Required<ByteRange>) => AsyncIterable<Buffer>,
): OpenFile {
  const range = asked && cut(asked, row.bytes)
  const wanted = range ?? { first: 0, last: row.bytes - 1 }
  const bytes = wanted.last - wanted.first + 1
  const wrong = () =>
    new Failure('upstream', `The stored content of ${row.name} is damaged: its size or SHA-256 is wrong.`)
  const isWhole = bytes === row.bytes
  const content = verified(read(wanted), { bytes, ...(isWhole && { sha256: row.sha256 }) }, wrong)
  return { ...storedFile(row), range, content }
}

function cut({ first, last = Infinity }: ByteRange, bytes: number): Required<ByteRange> {
  const isRight = Number.isInteger(first) && first >= 0 && first < bytes && last >= first
  if (isRight) return { first, last: Math.min(Math.floor(last), bytes - 1) }
  throw new Failure('invalid', `The range is outside the file, which has ${bytes} bytes.`, {
    problems: [{ path: 'range.first', expected: `a whole number from 0 to ${bytes - 1}, not after range.last` }],
  })
}

function placeOf({ place }: FileRow, s3: BlobPlace | undefined): BlobPlace {
  if (place === 'database') return databasePlace
  if (s3 !== undefined) return s3
  throw new Failure('unavailable', 'The file is in a bucket, and this server is not set up for one (FILES_URL).')
}
