import { link, readFile, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { Failure } from '../../failure.ts'
import { identityOf, isRunning, type ProcessIdentity } from './process-identity.ts'

const Owner = z.object({ pid: z.int().positive(), startTicks: z.string().nullable() })
const ATTEMPTS = 20

/**
 * Locks the folder for this process until `release()`. A lock of a process that has ended is replaced. Throws
 * `Failure('conflict')` that names the holding process.
 */
export async function lockDataDir(dataDir: string): Promise<{ release(): Promise<void> }> {
  const file = path.join(dataDir, 'owner.lock')
  const self = await identityOf(process.pid)
  if (!self) throw new Error('this process cannot see itself in /proc')
  const mine = `${file}.${process.pid}`
  await writeFile(mine, JSON.stringify(self), { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (await claim(mine, file)) return { release: () => releaseIfMine(file, self) }
      const owner = await readOwner(file)
      if (owner && (await isRunning(owner))) throw held(dataDir, owner)
      await discard(file, `${mine}.stale`, owner)
    }
  } finally {
    await rm(mine, { force: true })
  }
  throw new Failure('unavailable', `${dataDir} is being opened by several processes at once. Start one at a time.`)
}

/** Creates the lock as a hard link, which is atomic, so that no reader sees half a lock. */
async function claim(mine: string, file: string): Promise<boolean> {
  return link(mine, file).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
}

/** Moves the lock of an ended process aside; restores it when another process had replaced it meanwhile. */
async function discard(file: string, aside: string, expected: ProcessIdentity | undefined): Promise<void> {
  const moved = await rename(file, aside).then(
    () => true,
    () => false,
  )
  if (!moved) return
  const found = await readOwner(aside)
  const replaced = found?.pid !== expected?.pid || found?.startTicks !== expected?.startTicks
  if (replaced && found && (await isRunning(found))) await claim(aside, file)
  await rm(aside, { force: true })
}

async function releaseIfMine(file: string, self: ProcessIdentity): Promise<void> {
  const owner = await readOwner(file)
  if (owner?.pid === self.pid && owner.startTicks === self.startTicks) await rm(file, { force: true })
}

async function readOwner(file: string): Promise<ProcessIdentity | undefined> {
  const text = await readFile(file, 'utf8').catch(() => '')
  try {
    return Owner.parse(JSON.parse(text))
  } catch {
    // A lock that cannot be parsed names no process, so none holds it.
    return undefined
  }
}

function held(dataDir: string, owner: ProcessIdentity): Failure {
  const who = owner.pid === process.pid ? 'this process already' : `process ${owner.pid}`
  return new Failure(
    'conflict',
    `${dataDir} is in use by ${who}. Stop it (kill ${owner.pid}), or set DATA_DIR to another folder.`,
    { code: 'DATA_DIR_IN_USE' },
  )
}
