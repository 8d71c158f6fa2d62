import { z } from 'zod'
import type { Ctx } from '../context.ts'
import { autocommit, transact } from '../database/transact.ts'
import { Failure } from '../failure.ts'
import { job } from '../jobs/job.ts'
import type { Job } from '../jobs/job.ts'
import type { BlobPlace, OnTenant } from './blob-place.ts'
import { claimBlob, claimBlobs, forgetBlob } from './blob-store.ts'
import type { ClaimedBlob } from './blob-store.ts'
import { databasePlace } from './database-place.ts'
import { expireFiles, lockTenant, tenantsDue } from './store.ts'

const FILES_A_CHANGE = 500
const BLOBS_A_CLAIM = 100
const REMOVE_SECONDS_MAX = 60

/** The job that deletes expired files, and blobs of interrupted uploads and of replaced or deleted files. */
export function clearFilesJob(files: { clear(ctx: Ctx): Promise<void> }): Job {
  return job({
    name: 'files.clear',
    describe: 'Delete expired files, remains of interrupted uploads, and replaced contents.',
    cron: '*/5 * * * *',
    due: tenantsDue,
    payload: z.strictObject({}),
    scopes: [],
    run: (ctx) => files.clear(ctx),
  })
}

/** Deletes expired files and unused blobs. A blob that cannot be removed stays due and does not block the others. */
export async function clearFiles(ctx: Ctx, s3: BlobPlace | undefined): Promise<void> {
  for (let expired = FILES_A_CHANGE; expired === FILES_A_CHANGE; ) {
    expired = await transact(ctx.db, async (tx) => {
      const on = { tenantId: ctx.tenantId, db: tx }
      await lockTenant(on)
      return expireFiles(on, ctx.clock(), FILES_A_CHANGE)
    })
  }
  const failures: unknown[] = []
  for (let claimed = BLOBS_A_CLAIM; claimed === BLOBS_A_CLAIM && failures.length === 0; ) {
    const blobs = await claimBlobs(autocommit(ctx), ctx.clock(), BLOBS_A_CLAIM)
    claimed = blobs.length
    for (const blob of blobs) {
      ctx.signal.throwIfAborted()
      try {
        await removeBlob(ctx, blob, s3)
      } catch (error) {
        ctx.log.warn({ err: error, blobId: blob.blob_id }, 'the content of a removed file could not be deleted')
        failures.push(error)
      }
    }
  }
  if (failures.length > 0)
    throw new Failure('upstream', `${failures.length} contents could not be removed.`, { cause: failures[0] })
}

/** Removes one blob, unless a file uses it. */
export async function clearBlob(on: OnTenant, blobId: string, s3: BlobPlace | undefined): Promise<void> {
  const blob = await claimBlob(autocommit(on), blobId)
  if (blob !== undefined) await removeBlob(on, blob, s3)
}

async function removeBlob(on: OnTenant, blob: ClaimedBlob, s3: BlobPlace | undefined): Promise<void> {
  const place = blob.place === 'database' ? databasePlace : s3
  if (place === undefined) {
    throw new Failure('unavailable', 'The content is in a bucket, and this server is not set up for one (FILES_URL).')
  }
  const { blob_id: blobId, etag } = blob
  await place.remove(on, { blobId, etag }, AbortSignal.timeout(REMOVE_SECONDS_MAX * 1000))
  await forgetBlob(autocommit(on), blobId)
}
