import type { Db } from '../database/db.ts'
import type { ByteRange } from '../files.ts'

/** The stored content of a file. */
export interface Blob {
  readonly blobId: string
  /** The storage's entity tag of this content. */
  readonly etag: string | null
}

/** A tenant and its database handle. */
export interface OnTenant {
  readonly tenantId: string
  readonly db: Db
}

/** A storage for blobs (database or S3). Each blob is written once. */
export interface BlobPlace {
  readonly name: 'database' | 's3'
  /** Resolves when everything is stored. `use.bytes` returns the size once the content has ended. */
  write(
    on: OnTenant,
    blob: Blob,
    content: AsyncIterable<Buffer>,
    use: WriteUse,
  ): Promise<{ readonly etag: string | null }>
  /** Throws `Failure('unavailable')` if the content no longer exists. */
  read(on: OnTenant, blob: Blob, range: Required<ByteRange>, signal: AbortSignal): AsyncIterable<Buffer>
  /** Removes a blob, whether complete, partly written or missing. */
  remove(on: OnTenant, blob: Blob, signal: AbortSignal): Promise<void>
}

export interface WriteUse {
  readonly signal: AbortSignal
  readonly bytes: () => number
}
