import { openFileStore } from '../../src/kernel/files/file-store.ts'
import type { FileStore } from '../../src/kernel/files/file-store.ts'
import type { TestDatabase } from './database.ts'
import { quiet } from './database.ts'

/** The file store of a test database, which keeps files in it. */
export const testFiles = (database: TestDatabase): FileStore =>
  openFileStore({
    settings: { url: undefined, timeoutSeconds: 5, bytesMax: 10_000_000, tenantBytesMax: 100_000_000 },
    database,
    secrets: { value: () => undefined },
    log: quiet,
    observe: () => undefined,
  })
