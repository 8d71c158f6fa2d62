import { unwatchFile, watchFile } from 'node:fs'
import type { Logger } from 'pino'
import { encryptionKeys, keyFileOf } from '../config/encryption-key.ts'
import { createKeyring, keyIdOf } from '../crypto/keyring.ts'
import type { Keyring, RotatingKeyring } from '../crypto/keyring.ts'
import type { RollCall } from './roll-call.ts'
import type { SecretStore } from './secret-store.ts'

/** The keyring of a running process, which follows its root keys wherever they are kept. */
export interface RootKeys {
  readonly keyring: Keyring
  /** The key that the settings want to be current. */
  readonly wantedKeyId: string
  /** Reads the keys again now. A new one opens from then on, and is current once every process has it. */
  refresh(): Promise<void>
  /**
   * From now on a new key is made current only when every process on this database has it. Resolves once that is
   * decided for the keys of now.
   */
  coordinate(rollCall: RollCall): Promise<void>
  close(): void
}

export interface RootKeyOptions {
  readonly secrets: SecretStore
  readonly dataDir: string
  readonly log: Logger
}

/** Reads the keys and follows them. Throws when there are none to start with. */
export async function openRootKeys(options: RootKeyOptions): Promise<RootKeys> {
  return new FollowedKeys(options, await readKeys(options))
}

/** As long as the longest-lived thing that a key signs, ten minutes, and the difference of two clocks. */
const RETIRED_MILLISECONDS = 11 * 60_000
const SETTLE_MILLISECONDS = 1000
const FILE_LOOK_MILLISECONDS = 1000

class FollowedKeys implements RootKeys {
  readonly keyring: RotatingKeyring
  readonly #options: RootKeyOptions
  /** As the settings have them: the first one is to be current. */
  #wanted: readonly Buffer[]
  /** Gone from the settings a moment ago, by id: what they signed is still under way. */
  readonly #retired = new Map<string, { readonly root: Buffer; readonly timer: NodeJS.Timeout }>()
  #rollCall: RollCall | undefined
  #settling: NodeJS.Timeout | undefined
  #isToldOf: string | undefined
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
    if (file !== undefined) watchFile(file, { persistent: false, interval: FILE_LOOK_MILLISECONDS }, again)
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

  async coordinate(rollCall: RollCall): Promise<void> {
    this.#rollCall = rollCall
    const [next, ...others] = this.#wanted
    if (next === undefined || others.length === 0) return
    const { holders, silent } = await rollCall.ask()
    const isHeld = (root: Buffer) => holders.every(({ keyIds }) => keyIds.includes(keyIdOf(root)))
    const shared = silent === 0 && isHeld(next) ? next : others.find(isHeld)
    if (shared !== undefined) this.#use(shared)
    if (shared !== next) await this.#settle()
  }

  close(): void {
    clearTimeout(this.#settling)
    for (const id of [...this.#retired.keys()]) this.#forget(id)
    this.#stopWatching()
  }

  /** `first` seals and signs; everything else that is wanted, or was until a moment ago, opens. */
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
    // It opens here before it is used here: another process may be sealing with it already.
    this.#use(current ?? next)
    if (current === undefined || current.equals(next)) return
    if (!(await this.#isHeldByAll(keyIdOf(next)))) return this.#settleLater()
    this.#use(next)
    this.#options.log.info({ keyId: keyIdOf(next) }, 'a new root key is current')
  }

  #settleLater(): void {
    clearTimeout(this.#settling)
    this.#settling = setTimeout(() => this.#attempt(this.#settle()), SETTLE_MILLISECONDS).unref()
  }

  async #isHeldByAll(keyId: string): Promise<boolean> {
    if (this.#rollCall === undefined) return true
    const { holders, silent } = await this.#rollCall.ask()
    const without = holders.filter(({ keyIds }) => !keyIds.includes(keyId)).length
    const isHeld = without === 0 && silent === 0
    if (!isHeld && this.#isToldOf !== keyId) {
      this.#options.log.warn({ keyId, without, silent }, 'a new root key waits until every process has it')
    }
    this.#isToldOf = keyId
    return isHeld
  }

  #retire(root: Buffer): void {
    const id = keyIdOf(root)
    const end = () => {
      this.#forget(id)
      this.#attempt(this.#settle())
    }
    this.#retired.set(id, { root, timer: setTimeout(end, RETIRED_MILLISECONDS).unref() })
    this.#options.log.warn({ keyId: id }, 'a root key is gone from the settings; it opens for eleven more minutes')
  }

  #forget(id: string): void {
    clearTimeout(this.#retired.get(id)?.timer)
    this.#retired.delete(id)
  }

  #attempt(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'the root keys could not be taken up; the present ones stay')
      this.#settleLater()
    })
  }
}

function readKeys({ secrets, dataDir }: RootKeyOptions): Promise<Buffer[]> {
  const previous = secrets.value('ENCRYPTION_KEYS_PREVIOUS')?.split(',') ?? []
  return encryptionKeys({ current: secrets.value('ENCRYPTION_KEY'), previous }, dataDir)
}
