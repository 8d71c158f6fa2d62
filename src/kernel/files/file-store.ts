import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { Ctx } from '../context.ts'
import type { Database } from '../database/pool.ts'
import type { Files } from '../files.ts'
import type { SecretStore } from '../secrets/secret-store.ts'
import { clearFiles } from './clear.ts'
import { openFiles } from './open-files.ts'
import { s3Place } from './s3-place.ts'

/** The file store, in the bucket of `FILES_URL` or in the database. */
export interface FileStore extends Files {
  /** Deletes the tenant's expired files and unused blobs. */
  clear(ctx: Ctx): Promise<void>
  close(): void
}

export interface FileStoreOptions {
  readonly settings: Config['files']
  readonly database: Pick<Database, 'forTenant'>
  readonly secrets: Pick<SecretStore, 'value'>
  readonly log: Logger
  /** Called after every request to the bucket. */
  readonly observe: (integration: string, operation: string, status: string, seconds: number) => void
}

export function openFileStore({ settings, database, secrets, log, observe }: FileStoreOptions): FileStore {
  const { url, timeoutSeconds, bytesMax, tenantBytesMax } = settings
  const s3 =
    url === undefined
      ? undefined
      : s3Place({
          url: () => secrets.value('FILES_URL') ?? url,
          timeoutSeconds,
          observe: (operation, status, seconds) => observe('s3', operation, status, seconds),
        })
  return {
    ...openFiles({ database, s3, bytesMax, tenantBytesMax, log }),
    clear: (ctx) => clearFiles(ctx, s3),
    close: () => s3?.close(),
  }
}
