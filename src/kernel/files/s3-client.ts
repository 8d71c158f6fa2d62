import type { S3Client } from '@aws-sdk/client-s3'
import { Failure } from '../failure.ts'
import { bucketOf } from './bucket.ts'

export interface S3Options {
  /** The current `FILES_URL`. The bucket is read at the first request; credentials may change. */
  readonly url: () => string
  readonly timeoutSeconds: number
  /** Called after every request, or after a whole upload. */
  readonly observe: (operation: string, status: string, seconds: number) => void
}

const ATTEMPTS = 3
const EXPIRED_AT_ONCE = new Date(0)

/** Opens an S3 client. Loads the SDK, at first use. */
export async function openS3({ url, timeoutSeconds }: S3Options): Promise<{ client: S3Client; bucket: string }> {
  const { S3Client } = await import('@aws-sdk/client-s3')
  const { bucket, region, endpoint } = bucketOf(url())
  const client = new S3Client({
    region,
    maxAttempts: ATTEMPTS,
    requestHandler: {
      connectionTimeout: timeoutSeconds * 1000,
      requestTimeout: timeoutSeconds * 1000,
      throwOnRequestTimeout: true,
    },
    // Other S3-compatible stores do not support checksums in trailers. The SHA-256 of the whole file is verified at
    // every read.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    ...(endpoint !== undefined && {
      endpoint,
      forcePathStyle: true,
      credentials: () => Promise.resolve({ ...bucketOf(url()).credentials, expiration: EXPIRED_AT_ONCE }),
    }),
  })
  return { client, bucket }
}

/** Runs one operation, observes it, and converts its errors to failures. */
export async function observed<T>(
  operation: string,
  { observe, signal }: Pick<S3Options, 'observe'> & { readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  const finished = (status: string) => observe(operation, status, (performance.now() - startedAt) / 1000)
  try {
    const result = await work()
    finished('ok')
    return result
  } catch (error) {
    finished(nameOf(error))
    throw failureOf(error, signal)
  }
}

/** The error for the caller: the reason of the abort, or a failure of the store. */
export function failureOf(error: unknown, signal: AbortSignal): unknown {
  if (error instanceof Failure) return error
  if (signal.aborted) return signal.reason
  const name = nameOf(error)
  if (name === 'NoSuchKey' || name === 'NotFound') {
    return new Failure('upstream', 'The file store has lost the content of the file.', { cause: error })
  }
  if (name === 'PreconditionFailed') {
    return new Failure('upstream', 'The file store has another content for the file than was stored.', { cause: error })
  }
  return new Failure('upstream', 'The file store failed or did not answer in time. Try again.', { cause: error })
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}
