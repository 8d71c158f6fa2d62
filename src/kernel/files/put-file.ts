import type { Logger } from 'pino'
import type { Ctx } from '../context.ts'
import type { Database } from '../database/pool.ts'
import { autocommit, transact } from '../database/transact.ts'
import { Failure } from '../failure.ts'
import type { NewFile, StoredFile } from '../files.ts'
import { newId } from '../ids.ts'
import { retryTransient } from '../writes/retry-transient.ts'
import type { BlobPlace, OnTenant } from './blob-place.ts'
import { beginBlob, clearBlobLater, keepBlob } from './blob-store.ts'
import type { WholeBlob } from './blob-store.ts'
import { guarded, measured } from './byte-stream.ts'
import type { Measured } from './byte-stream.ts'
import { clearBlob } from './clear.ts'
import { databasePlace } from './database-place.ts'
import { checkNewFile } from './file-name.ts'
import { findReplaced, lockTenant, saveFile, usageOf } from './store.ts'

export interface PutOptions {
  readonly database: Pick<Database, 'forTenant'>
  /** The bucket for new contents, if configured. Existing contents stay where they are. */
  readonly s3: BlobPlace | undefined
  readonly bytesMax: number
  readonly tenantBytesMax: number
  readonly log: Logger
}

const UPLOAD_SECONDS_MAX = 3600
/** How long readers of a replaced file may continue. */
const REPLACED_STAYS_SECONDS = 600

/**
 * Writes the content first, recorded as due for removal, and links it to the file in one transaction at the end. If the
 * process crashes in between, the record leads the cleanup job to the remains.
 */
export async function putFile(ctx: Ctx, file: NewFile, options: PutOptions): Promise<StoredFile> {
  const { tenantId } = ctx
  const startedAt = ctx.clock()
  checkNewFile(file, startedAt)
  const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(UPLOAD_SECONDS_MAX * 1000)])
  const on: OnTenant = { tenantId, db: options.database.forTenant(tenantId, { signal }) }
  const place = options.s3 ?? databasePlace
  const check = await boundsOf(on, file.name, options)
  const blob = { blobId: newId('blob', startedAt), etag: null }
  const clearAt = secondsAfter(startedAt, 2 * UPLOAD_SECONDS_MAX)
  await beginBlob(autocommit(on), blob.blobId, { place: place.name, clearAt })
  const seen: Measured = { bytes: 0, sha256: Buffer.alloc(0) }
  try {
    const content = measured(guarded(file.content, signal), seen, check)
    const { etag } = await place.write(on, blob, content, { signal, bytes: () => seen.bytes })
    const whole = { blobId: blob.blobId, etag, bytes: seen.bytes, sha256: seen.sha256 }
    const storedAt = ctx.clock()
    await retryTransient(signal, () =>
      complete(on, file, whole, { now: storedAt, tenantBytesMax: options.tenantBytesMax }),
    )
    return storedOf(file, whole, storedAt)
  } catch (error) {
    await clearUp(options, tenantId, blob.blobId)
    if (signal.aborted) throw abortFailure(signal)
    // The storage may wrap an error of the content.
    throw seen.failure?.error ?? error
  }
}

/**
 * Returns the check that stops an upload as soon as it is too large. The tenant's total is checked again, exactly, at
 * the end.
 */
async function boundsOf(
  on: OnTenant,
  name: string,
  { bytesMax, tenantBytesMax }: PutOptions,
): Promise<(bytes: number) => void> {
  const replaced = await findReplaced(on, name)
  const room = tenantBytesMax - (await usageOf(on)) + (replaced?.bytes ?? 0)
  return (bytes) => {
    if (bytes > bytesMax) throw tooLarge(bytesMax)
    if (bytes > room) throw noRoom(tenantBytesMax)
  }
}

/** Links a complete blob to its file, under the lock of the tenant's total. */
async function complete(
  { tenantId, db }: OnTenant,
  file: NewFile,
  blob: WholeBlob,
  { now, tenantBytesMax }: { readonly now: Date; readonly tenantBytesMax: number },
): Promise<void> {
  await transact(db, async (tx) => {
    const on = { tenantId, db: tx }
    const used = await lockTenant(on)
    const replaced = await findReplaced(on, file.name)
    if (used - (replaced?.bytes ?? 0) + blob.bytes > tenantBytesMax) throw noRoom(tenantBytesMax)
    if (!(await keepBlob(on, blob))) throw new Failure('timeout', 'The upload took too long and was cancelled.')
    await saveFile(on, file, blob, now)
    if (replaced === undefined) return
    await clearBlobLater(on, replaced.blob_id, secondsAfter(now, REPLACED_STAYS_SECONDS))
  })
}

/** Removes the remains of a failed upload. If that fails too, the cleanup job does it later. */
async function clearUp({ database, s3, log }: PutOptions, tenantId: string, blobId: string): Promise<void> {
  try {
    // A new handle: the caller's may be aborted.
    await clearBlob({ tenantId, db: database.forTenant(tenantId) }, blobId, s3)
  } catch (error) {
    log.warn({ err: error, tenantId, blobId }, 'the remains of a failed upload could not be removed yet')
  }
}

function storedOf({ name, mediaType, expiresAt, about }: NewFile, blob: WholeBlob, storedAt: Date): StoredFile {
  const { bytes, sha256 } = blob
  return { name, mediaType, bytes, sha256: sha256.toString('hex'), storedAt, expiresAt, about }
}

function abortFailure({ reason }: AbortSignal): Failure {
  if (reason instanceof Failure) return reason
  const isLate = reason instanceof DOMException && reason.name === 'TimeoutError'
  return isLate
    ? new Failure('timeout', 'The upload took too long and was cancelled.', { cause: reason })
    : new Failure('cancelled', 'The upload was cancelled.', { cause: reason })
}

function tooLarge(bytesMax: number): Failure {
  return new Failure('too_large', `The file is larger than ${bytesMax} bytes (FILES_BYTES_MAX). Store a smaller one.`)
}

function noRoom(bytesMax: number): Failure {
  const text = `The files of the organization would be more than ${bytesMax} bytes (FILES_TENANT_BYTES_MAX). Delete some.`
  return new Failure('too_large', text)
}

const secondsAfter = (instant: Date, seconds: number) => new Date(instant.getTime() + seconds * 1000)
