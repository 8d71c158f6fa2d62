import { userInfo } from 'node:os'
import { PLATFORM_TENANT } from '#kernel/audit'
import { addKey } from '#kernel/config/encryption-key'
import { Failure } from '#kernel/failure'
import { newId } from '#kernel/ids'
import { agreeOnKey } from '#kernel/secrets/key-agreement'
import { rotateFields, tallyFields } from '#kernel/secrets/rotation'
import type { App } from '../app.ts'
import { cliContext } from './open.ts'
import { print, printTable } from './output.ts'

export interface RotateOptions {
  readonly newKey?: true
  readonly batch: number
}

/** Prints the source of each secret, and for each root key its processes and encrypted values. */
export async function status({ platform, modules }: App): Promise<void> {
  const { secrets, keyring, processRegistry, database } = platform
  print('Secrets\n')
  printTable([...secrets.origins].map(([setting, { source, version = '-' }]) => ({ setting, from: source, version })))
  const { processes, unresponsive } = await processRegistry.list()
  // The first process is this command itself.
  const others = processes.slice(1)
  const tallies = await tallyFields(fieldsOf(modules), database.system)
  const keyIds = [...new Set([...keyring.keyIds, ...tallies.flatMap(({ values }) => [...values.keys()])])]
  print('\nRoot keys\n')
  printTable(
    keyIds.map((key) => ({
      key,
      use: useOf(key, keyring.currentKeyId, keyring.keyIds),
      processes: `${others.filter((holder) => holder.keyIds.includes(key)).length} of ${others.length + unresponsive}`,
      ...Object.fromEntries(tallies.map(({ name, values }) => [name, String(values.get(key) ?? 0)])),
    })),
  )
}

function useOf(key: string, current: string, known: readonly string[]): string {
  if (key === current) return 'current'
  return known.includes(key) ? 'decrypt only' : 'MISSING'
}

/** Makes every process reload its secrets. */
export async function refresh({ platform }: App): Promise<void> {
  const { processes, unresponsive } = await platform.processRegistry.refreshAll()
  // This command is one of the processes itself.
  const others = processes.length - 1
  print(`${others} ${others === 1 ? 'process has reloaded its' : 'processes have reloaded their'} secrets.`)
  if (unresponsive > 0)
    throw new Failure(
      'unavailable',
      `${unresponsive} ${unresponsive === 1 ? 'process' : 'processes'} did not answer within three seconds.`,
    )
}

/** Re-encrypts every field with the current root key. */
export async function rotate(app: App, { newKey, batch }: RotateOptions): Promise<void> {
  const { platform, config, clock } = app
  if (newKey === true) await makeKey(app)
  const { processes } = await agreeOnKey(platform.rootKeys, platform.processRegistry)
  const { currentKeyId, keyIds } = platform.keyring
  print(`Key ${currentKeyId} is the current key in all processes (${processes.length - 1} besides this command).`)
  const signal = new AbortController().signal
  const options = { db: platform.database.system, keyring: platform.keyring, clock, rowsMax: batch, signal }
  const done = await rotateFields(fieldsOf(app.modules), options)
  for (const { name, rows } of done) print(`  ${name}: ${rows.toLocaleString('en-US')} re-encrypted`)
  const previous = keyIds.filter((keyId) => keyId !== currentKeyId)
  await platform.audit.record({
    tenantId: PLATFORM_TENANT,
    actor: { kind: 'cli', id: userInfo().username },
    requestId: newId('req', clock()),
    outcome: 'success',
    action: 'secrets.rotate',
    subject: 'ENCRYPTION_KEY',
    before: { keyIds: previous },
    after: { keyId: currentKeyId, fields: Object.fromEntries(done.map(({ name, rows }) => [name, rows])) },
  })
  if (previous.length === 0) return print('There are no other keys.')
  const where =
    config.security.encryptionKey === undefined ? `${config.server.dataDir}/encryption-key` : 'ENCRYPTION_KEYS_PREVIOUS'
  print(`No value is encrypted with another key any more. Remove ${previous.join(', ')} from ${where}.`)
}

/** Replaces the key that signs access tokens. */
export async function rotateSigningKey(app: App): Promise<void> {
  const { keyId, retired } = await app.access.rotateSigningKey(cliContext(app, PLATFORM_TENANT))
  print(`Key ${keyId} now signs access tokens in all processes.`)
  if (retired.length > 0) print(`Still accepted until their tokens expire: ${retired.join(', ')}.`)
}

async function makeKey({ platform, config }: App): Promise<void> {
  if (config.security.encryptionKey !== undefined) {
    throw new Failure(
      'invalid',
      '--new-key works only for a key that is stored under DATA_DIR. Generate a key with `openssl rand -base64 32`, set it as ENCRYPTION_KEY, and move the current one to ENCRYPTION_KEYS_PREVIOUS.',
    )
  }
  await addKey(config.server.dataDir)
  await platform.rootKeys.refresh()
}

/** Every column with encrypted values. */
export const fieldsOf = (modules: App['modules']) => modules.flatMap(({ encryptedFields }) => encryptedFields ?? [])
