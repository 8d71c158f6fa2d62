import type { Db } from '../database/db.ts'
import type { ByteRange } from '../files.ts'

/** A content of a tenant. */
export interface Blob {
  readonly blobId: string
  /** What the place calls this very content. */
  readonly etag: string | null
}

/** A tenant, and a handle that sees it. */
export interface OnTenant {
  readonly tenantId: string
  readonly db: Db
}

/** Where contents are kept: a tenant's blobs by their ids, each written once. */
export interface BlobPlace {
  readonly name: 'database' | 's3'
  /** Resolves when all is kept. `bytes` tells how many went through, once the content has ended. */
  write(
    on: OnTenant,
    blob: Blob,
    content: AsyncIterable<Buffer>,
    use: WriteUse,
  ): Promise<{ readonly etag: string | null }>
  /** Throws `Failure('unavailable')` where the content is gone. */
  read(on: OnTenant, blob: Blob, range: Required<ByteRange>, signal: AbortSignal): AsyncIterable<Buffer>
  /** Whole, half written or not there at all: afterwards nothing of it is left. */
  remove(on: OnTenant, blob: Blob, signal: AbortSignal): Promise<void>
}

export interface WriteUse {
  readonly signal: AbortSignal
  readonly bytes: () => number
}
