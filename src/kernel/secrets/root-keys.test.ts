import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { quiet, testDatabase } from '../../../test/support/database.ts'
import { addKey } from '../config/encryption-key.ts'
import { DatabaseSettings } from '../config/database.ts'
import { connectionOptions } from '../database/pool.ts'
import { openSignals } from '../database/signals.ts'
import { createKeyring, keyIdOf } from '../crypto/keyring.ts'
import { agreeOnKey } from './key-agreement.ts'
import { openProcessRegistry } from './process-registry.ts'
import { openRootKeys } from './root-keys.ts'
import type { SecretStore } from './secret-store.ts'

const database = await testDatabase()
const [OLD, NEW] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const [oldId, newId] = [keyIdOf(OLD), keyIdOf(NEW)]
const text = (...keys: Buffer[]) => keys.map((key) => key.toString('base64'))

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

/** The parts of a server process that matter here: a secret store, its root keys, and the process registry. */
async function startProcess(current: Buffer | undefined, previous: readonly Buffer[] = [], dataDir = 'unused') {
  const values = new Map<string, string>()
  const followers: (() => void)[] = []
  const set = (first: Buffer | undefined, others: readonly Buffer[]) => {
    values.clear()
    if (first !== undefined) values.set('ENCRYPTION_KEY', text(first).join())
    if (others.length > 0) values.set('ENCRYPTION_KEYS_PREVIOUS', text(...others).join())
    for (const changed of followers) changed()
  }
  set(current, previous)
  const secrets: SecretStore = {
    value: (name) => values.get(name),
    origins: new Map(),
    follow: (_name, changed) => followers.push(() => changed(undefined)),
    onRead: () => undefined,
    refresh: async () => true,
    close: () => undefined,
  }
  const signals = await openSignals({
    connection: connectionOptions(database.url, DatabaseSettings.parse({})),
    log: quiet,
  })
  const rootKeys = await openRootKeys({ secrets, dataDir, log: quiet })
  const processRegistry = openProcessRegistry({
    signals,
    database,
    keyring: rootKeys.keyring,
    refresh: () => rootKeys.refresh(),
  })
  await rootKeys.coordinate(processRegistry)
  const close = async () => {
    rootKeys.close()
    await signals.close()
  }
  closing.push(close)
  return { rootKeys, processRegistry, keyring: rootKeys.keyring, set, close }
}

async function until(isSo: () => boolean) {
  while (!isSo()) await wait(10)
}

describe('a new root key', () => {
  it('opens at once, and seals only when every process has it', async () => {
    const [one, two] = [await startProcess(OLD), await startProcess(OLD)]
    one.set(NEW, [OLD])
    await one.rootKeys.refresh()
    expect(one.keyring.currentKeyId).toBe(oldId)
    expect(one.keyring.keyIds).toContain(newId)
    expect(two.keyring.open(one.keyring.seal('x', 'c'), 'c').toString()).toBe('x')
    two.set(NEW, [OLD])
    await until(() => one.keyring.currentKeyId === newId && two.keyring.currentKeyId === newId)
    expect(two.keyring.open(one.keyring.seal('x', 'c'), 'c').toString()).toBe('x')
  })

  it('waits in a process that starts beside one that does not have it yet, until that is gone', async () => {
    const old = await startProcess(OLD)
    const young = await startProcess(NEW, [OLD])
    expect(young.keyring.currentKeyId).toBe(oldId)
    expect(old.keyring.open(young.keyring.seal('x', 'c'), 'c').toString()).toBe('x')
    await old.close()
    await until(() => young.keyring.currentKeyId === newId)
  })

  it('is current at once where there is no other process, and where there is no other key', async () => {
    expect((await startProcess(NEW, [OLD])).keyring.currentKeyId).toBe(newId)
    expect((await startProcess(NEW)).keyring.currentKeyId).toBe(newId)
  })

  it('may be the second of two that are exchanged in two steps, and then needs no waiting', async () => {
    const [one, two] = [await startProcess(OLD, [NEW]), await startProcess(OLD, [NEW])]
    one.set(NEW, [OLD])
    await one.rootKeys.refresh()
    expect([one.keyring.currentKeyId, two.keyring.currentKeyId]).toEqual([newId, oldId])
    expect(two.keyring.open(one.keyring.seal('x', 'c'), 'c').toString()).toBe('x')
  })

  it('that replaced the old one without naming it still leaves that to open, for what is under way', async () => {
    const { keyring, rootKeys, set } = await startProcess(OLD)
    const [sealed, signature] = [keyring.seal('x', 'c'), keyring.sign('state', 'mcp-round')]
    set(NEW, [])
    await rootKeys.refresh()
    expect(keyring.currentKeyId).toBe(newId)
    expect(keyring.open(sealed, 'c').toString()).toBe('x')
    expect(keyring.verify('state', 'mcp-round', signature)).toBe(true)
  })

  it('is noticed in the file of development, and its old one stays', async () => {
    const dataDir = await mkdtemp(path.join(tmpdir(), 'plimsoll-root-'))
    closing.push(() => rm(dataDir, { recursive: true }))
    const { keyring } = await startProcess(undefined, [], dataDir)
    const before = keyring.currentKeyId
    const sealed = keyring.seal('x', 'c')
    await addKey(dataDir)
    await until(() => keyring.currentKeyId !== before)
    expect(keyring.open(sealed, 'c').toString()).toBe('x')
  })
})

describe('agreement on a root key', () => {
  it('is reached when every process uses it, and names them all', async () => {
    const [one, two] = [await startProcess(OLD), await startProcess(OLD)]
    one.set(NEW, [OLD])
    two.set(NEW, [OLD])
    const { processes, unresponsive } = await agreeOnKey(one.rootKeys, one.processRegistry)
    expect(processes.map(({ currentKeyId }) => currentKeyId)).toEqual([newId, newId])
    expect(unresponsive).toBe(0)
  })

  it('is not reached while one does not have it, and says so', async () => {
    const [one] = [await startProcess(NEW, [OLD]), await startProcess(OLD)]
    await expect(agreeOnKey(one.rootKeys, one.processRegistry, 2000)).rejects.toThrow('1 of 2 processes do not have it')
  })

  it('is not reached while one does not answer', async () => {
    const one = await startProcess(NEW, [OLD])
    const mute = await openSignals({
      connection: connectionOptions(database.url, DatabaseSettings.parse({})),
      log: quiet,
    })
    closing.push(() => mute.close())
    await expect(agreeOnKey(one.rootKeys, one.processRegistry, 300)).rejects.toThrow('1 did not respond')
  })

  it('is not disturbed by what others send on its channel', async () => {
    const [one, two] = [await startProcess(NEW, [OLD]), await startProcess(NEW, [OLD])]
    for (const rubbish of [
      '',
      'x',
      '{}',
      '{"kind":"answer"}',
      JSON.stringify({ kind: 'answer', question: randomUUID(), process: 'x', keyIds: [], currentKeyId: 'x' }),
    ]) {
      await database.owner.query('select pg_notify($1, $2)', ['kernel_keys', rubbish])
    }
    expect((await agreeOnKey(two.rootKeys, two.processRegistry)).processes).toHaveLength(2)
    expect(one.keyring.currentKeyId).toBe(newId)
  })
})

it('a keyring of the same keys is known by the same ids in every process', () => {
  expect(createKeyring([NEW, OLD]).keyIds).toEqual([newId, oldId])
})
