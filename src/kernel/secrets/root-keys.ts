import { unwatchFile, watchFile } from 'node:fs'
import type { Logger } from 'pino'
import { encryptionKeys, keyFileOf } from '../config/encryption-key.ts'
import { createKeyring, keyIdOf } from '../crypto/keyring.ts'
import type { Keyring, RotatingKeyring } from '../crypto/keyring.ts'
import type { ProcessRegistry } from './process-registry.ts'
import type { SecretStore } from './secret-store.ts'

/** The root keys of a process: a keyring that follows changes of the keys at their source. */
export interface RootKeys {
  readonly keyring: Keyring
  /** The id of the key that is to be current by the settings. */
  readonly wantedKeyId: string
  /** Reads the keys again now. A new key decrypts at once, and becomes current when every process has it. */
  refresh(): Promise<void>
  /**
   * Sets the process registry: from now on a new key becomes current only when every process has it. Resolves when that
   * is decided for the present keys.
   */
  coordinate(processRegistry: ProcessRegistry): Promise<void>
  close(): void
}

export interface RootKeyOptions {
  readonly secrets: SecretStore
  readonly dataDir: string
  readonly log: Logger
}

/** Reads the root keys and follows their changes. Throws when there are none. */
export async function openRootKeys(options: RootKeyOptions): Promise<RootKeys> {
  return new FollowedKeys(options, await readKeys(options))
}

/** The longest life of a signed token, ten minutes, plus a minute of clock skew. */
const RETIRED_MILLISECONDS = 11 * 60_000
const SETTLE_MILLISECONDS = 1000
const FILE_POLL_MILLISECONDS = 1000

class FollowedKeys implements RootKeys {
  readonly keyring: RotatingKeyring
  readonly #options: RootKeyOptions
  /** The keys in the settings; the first is to be current. */
  #wanted: readonly Buffer[]
  /** Keys removed from the settings recently, by id: tokens they signed are still in use. */
  readonly #retired = new Map<string, { readonly root: Buffer; readonly timer: NodeJS.Timeout }>()
  #processRegistry: ProcessRegistry | undefined
  #settling: NodeJS.Timeout | undefined
  #warnedAbout: string | undefined
  readonly #stopWatching: () => void

  constructor(options: RootKeyOptions, wanted: readonly Buffer[]) {
    const { secrets, dataDir } = options
    this.#options = options
    this.#wanted = wanted
    this.keyring = createKeyring(wanted)
    const again = () => this.#attempt(this.refresh())
    secrets.follow('ENCRYPTION_KEY', again)
    secrets.follow('ENCRYPTION_KEYS_PREVIOUS', again)
    const file = secrets.value('ENCRYPTION_KEY') === undefined ? keyFileOf(dataDir) : undefined
    if (file !== undefined) watchFile(file, { persistent: false, interval: FILE_POLL_MILLISECONDS }, again)
    this.#stopWatching = () => file !== undefined && unwatchFile(file, again)
  }

  get wantedKeyId(): string {
    const [next] = this.#wanted
    return next === undefined ? this.keyring.currentKeyId : keyIdOf(next)
  }

  async refresh(): Promise<void> {
    const found = await readKeys(this.#options)
    const gone = this.#wanted.filter((root) => !found.some((each) => each.equals(root)))
    this.#wanted = found
    for (const root of found) this.#forget(keyIdOf(root))
    for (const root of gone) this.#retire(root)
    await this.#settle()
  }

  async coordinate(processRegistry: ProcessRegistry): Promise<void> {
    this.#processRegistry = processRegistry
    const [next, ...others] = this.#wanted
    if (next === undefined || others.length === 0) return
    const { processes, unresponsive } = await processRegistry.list()
    const isHeld = (root: Buffer) => processes.every(({ keyIds }) => keyIds.includes(keyIdOf(root)))
    const shared = unresponsive === 0 && isHeld(next) ? next : others.find(isHeld)
    if (shared !== undefined) this.#use(shared)
    if (shared !== next) await this.#settle()
  }

  close(): void {
    clearTimeout(this.#settling)
    for (const id of [...this.#retired.keys()]) this.#forget(id)
    this.#stopWatching()
  }

  /** Makes `first` the current key; the others and the retired ones only decrypt and verify. */
  #use(first: Buffer): void {
    this.keyring.replace([first, ...this.#known()])
  }

  #known(): Buffer[] {
    return [...this.#wanted, ...[...this.#retired.values()].map(({ root }) => root)]
  }

  async #settle(): Promise<void> {
    clearTimeout(this.#settling)
    const [next] = this.#wanted
    if (next === undefined) return
    const current = this.#known().find((root) => keyIdOf(root) === this.keyring.currentKeyId)
    // The new key must decrypt here before it becomes current: another process may already encrypt with it.
    this.#use(current ?? next)
    if (current === undefined || current.equals(next)) return
    if (!(await this.#isEverywhere(keyIdOf(next)))) return this.#scheduleSettle()
    this.#use(next)
    this.#options.log.info({ keyId: keyIdOf(next) }, 'a new root key is current')
  }

  #scheduleSettle(): void {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => this.#attempt(this.#settle()), SETTLE_MILLISECONDS).unref()
  }

  async #isEverywhere(keyId: string): Promise<boolean> {
    if (this.#processRegistry === undefined) return true
    const { processes, unresponsive } = await this.#processRegistry.list()
    const without = processes.filter(({ keyIds }) => !keyIds.includes(keyId)).length
    const isHeld = without === 0 && unresponsive === 0
    if (!isHeld && this.#warnedAbout !== keyId) {
      this.#options.log.warn({ keyId, without, unresponsive }, 'a new root key waits until every process has it')
    }
    this.#warnedAbout = keyId
    return isHeld
  }

  #retire(root: Buffer): void {
    const id = keyIdOf(root)
    const end = () => {
      this.#forget(id)
      this.#attempt(this.#settle())
    }
    this.#retired.set(id, { root, timer: setTimeout(end, RETIRED_MILLISECONDS).unref() })
    this.#options.log.warn(
      { keyId: id },
      'a root key was removed from the settings; it still decrypts for eleven minutes',
    )
  }

  #forget(id: string): void {
    clearTimeout(this.#retired.get(id)?.timer)
    this.#retired.delete(id)
  }

  #attempt(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'new root keys could not be loaded; the present ones stay in use')
      this.#scheduleSettle()
    })
  }
}

function readKeys({ secrets, dataDir }: RootKeyOptions): Promise<Buffer[]> {
  const previous = secrets.value('ENCRYPTION_KEYS_PREVIOUS')?.split(',') ?? []
  return encryptionKeys({ current: secrets.value('ENCRYPTION_KEY'), previous }, dataDir)
}
