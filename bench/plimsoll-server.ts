import path from 'node:path'
import type { BenchOptions } from './benchmark.ts'
import { SERVER_CORE, startPinned } from './pinned.ts'
import type { Pinned } from './pinned.ts'
import { productionSettings } from './platform-under-test.ts'
import type { ScratchDatabase } from './scratch-database.ts'
import type { PlimsollReady } from './servers/plimsoll-ready.ts'

/** Starts our server in a separate process on the scratch database, with production settings and its log in a file. */
export async function startPlimsoll(
  database: ScratchDatabase,
  { scratchDir, profileDir }: BenchOptions,
  settings: Readonly<Record<string, string>> = {},
  core: number | undefined = SERVER_CORE,
): Promise<Pinned<PlimsollReady>> {
  return startPinned<PlimsollReady>('servers/plimsoll.ts', {
    ...(core !== undefined && { core }),
    env: { ...productionSettings(database.url, scratchDir), ...settings },
    outputFile: path.join(scratchDir, 'plimsoll.log'),
    profileDir,
  })
}
