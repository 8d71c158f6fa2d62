import { Readable } from 'node:stream'
import type { S3Client } from '@aws-sdk/client-s3'
import { Failure } from '../failure.ts'
import type { ByteRange } from '../files.ts'
import type { Blob, BlobPlace, OnTenant, WriteUse } from './blob-place.ts'
import { guarded } from './byte-stream.ts'
import { failureOf, observed, openS3 } from './s3-client.ts'
import type { S3Options } from './s3-client.ts'

/** S3's minimum part is 5 MiB; with its maximum of 10,000 parts a file may have 80 GiB. */
const PART_BYTES = 8 * 1024 ** 2
const PARTS_AT_ONCE = 2

/**
 * Blobs as objects of a bucket, named by tenant and blob. The store is not trusted: the length is requested after a
 * write, and a read requires the entity tag of the written object.
 */
export function s3Place(options: S3Options): BlobPlace & { close(): void } {
  let opened: ReturnType<typeof openS3> | undefined
  const objectOf = async ({ tenantId }: OnTenant, { blobId }: Blob): Promise<S3Object> => {
    const { client, bucket } = await (opened ??= openS3(options))
    return { client, object: { Bucket: bucket, Key: `${tenantId}/${blobId}` } }
  }
  return {
    name: 's3',
    write: async (on, blob, content, use) => writeObject(await objectOf(on, blob), content, { ...use, ...options }),
    async *read(on, blob, range, signal) {
      if (range.last < range.first) return
      yield* readObject(await objectOf(on, blob), blob.etag, range, { signal, ...options })
    },
    remove: async (on, blob, signal) => removeObject(await objectOf(on, blob), { signal, ...options }),
    close() {
      opened?.then(({ client }) => client.destroy()).catch(() => undefined)
    },
  }
}

interface S3Object {
  readonly client: S3Client
  readonly object: { readonly Bucket: string; readonly Key: string }
}

type Use = S3Options & { readonly signal: AbortSignal }

async function writeObject(
  { client, object }: S3Object,
  content: AsyncIterable<Buffer>,
  use: Use & WriteUse,
): Promise<{ readonly etag: string }> {
  const { signal } = use
  const { Upload } = await import('@aws-sdk/lib-storage')
  const body = Readable.from(content, { highWaterMark: 1 })
  const upload = new Upload({
    client,
    params: { ...object, Body: body },
    partSize: PART_BYTES,
    queueSize: PARTS_AT_ONCE,
  })
  const onAbort = () => void upload.abort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    await observed('upload', use, () => upload.done())
  } catch (error) {
    if (!isCompleted(error)) throw error
  } finally {
    signal.removeEventListener('abort', onAbort)
    // Closes the content, which a failed upload has not read to its end.
    body.destroy()
  }
  const { HeadObjectCommand } = await import('@aws-sdk/client-s3')
  const command = new HeadObjectCommand(object)
  const { ContentLength, ETag } = await observed('head', use, () => client.send(command, { abortSignal: signal }))
  if (ContentLength === use.bytes() && ETag !== undefined) return { etag: ETag }
  throw new Failure('upstream', `The file store kept ${ContentLength ?? 0} of ${use.bytes()} bytes. Try again.`)
}

/**
 * The SDK retried a completion whose response was lost, and found the upload already completed; the length check
 * verifies it.
 */
function isCompleted(error: unknown): boolean {
  return error instanceof Failure && error.cause instanceof Error && error.cause.name === 'NoSuchUpload'
}

async function* readObject(
  { client, object }: S3Object,
  etag: string | null,
  { first, last }: Required<ByteRange>,
  use: Use,
): AsyncGenerator<Buffer> {
  const { signal, timeoutSeconds } = use
  const { GetObjectCommand } = await import('@aws-sdk/client-s3')
  const condition = etag === null ? {} : { IfMatch: etag }
  const command = new GetObjectCommand({ ...object, ...condition, Range: `bytes=${first}-${last}` })
  const { Body } = await observed('get', use, () => client.send(command, { abortSignal: signal }))
  // safe because: in Node.js the SDK's body is a stream of buffers.
  const body = Body as Readable
  try {
    const silence = { seconds: timeoutSeconds, error: () => new Error('the body stopped') }
    yield* guarded<Buffer>(body, signal, silence)
  } catch (error) {
    throw failureOf(error, signal)
  } finally {
    body.destroy()
  }
}

async function removeObject({ client, object }: S3Object, use: Use): Promise<void> {
  const sdk = await import('@aws-sdk/client-s3')
  const abortSignal = use.signal
  const list = new sdk.ListMultipartUploadsCommand({ Bucket: object.Bucket, Prefix: object.Key })
  const { Uploads = [] } = await observed('list-uploads', use, () => client.send(list, { abortSignal }))
  for (const { Key, UploadId } of Uploads) {
    if (Key !== object.Key) continue
    const abort = new sdk.AbortMultipartUploadCommand({ ...object, UploadId })
    await observed('abort-upload', use, () => client.send(abort, { abortSignal }))
  }
  await observed('delete', use, () => client.send(new sdk.DeleteObjectCommand(object), { abortSignal }))
}
