import { unwatchFile, watchFile } from 'node:fs'
import type { Logger } from 'pino'
import type { Config } from '../config/config.ts'
import type { Configuration } from '../config/settings.ts'
import { ConfigError, loadConfig } from '../config/load.ts'
import { valueOf } from '../config/settings.ts'
import type { Metrics } from '../telemetry/metrics.ts'
import type { SecretOrigin } from './provider.ts'
import type { ResolvedSecrets, SecretSource } from './resolve.ts'

/** A secret that was read from its source. */
export interface SecretRead extends SecretOrigin {
  readonly name: string
}

/** The secrets of a running process: current values, and callbacks for changes. */
export interface SecretStore {
  /** The value of a secret by its variable (`METRICS_TOKEN`); undefined when unset. */
  value(name: string): string | undefined
  /** The origin of each secret that has a value. */
  readonly origins: ReadonlyMap<string, SecretOrigin>
  /** Calls `changed` with every new value from now on. */
  follow(name: string, changed: (value: string | undefined) => void): void
  /** Calls `heard` for the secrets read so far and for every later read. */
  onRead(heard: (reads: readonly SecretRead[]) => void): void
  /** Reads all secrets again now. Resolves with false when that failed; the last good values are kept. */
  refresh(): Promise<boolean>
  close(): void
}

export interface SecretStoreOptions {
  readonly configuration: Configuration
  readonly config: Config
  /** The source of `config`. Without it the values never change. */
  readonly opened?: { readonly source: SecretSource; readonly first: ResolvedSecrets }
  readonly log: Logger
  readonly metrics: Pick<Metrics, 'gauge' | 'secretsRead'>
}

/** Opens the store and refreshes it at intervals and when a file changes. */
export function openSecretStore(options: SecretStoreOptions): SecretStore {
  const store = new FollowedSecrets(options)
  options.metrics.gauge('secrets_age_seconds', 'Time since the secrets were last read without a problem.', () =>
    options.opened === undefined ? 0 : store.ageSeconds(),
  )
  return store
}

const FILE_POLL_MILLISECONDS = 1000

class FollowedSecrets implements SecretStore {
  readonly #options: SecretStoreOptions
  readonly #followers = new Map<string, ((value: string | undefined) => void)[]>()
  readonly #listeners: ((reads: readonly SecretRead[]) => void)[] = []
  readonly #stop: () => void
  #values: ReadonlyMap<string, string>
  #origins: ReadonlyMap<string, SecretOrigin>
  #goodAt = performance.now()
  #reading: Promise<boolean> | undefined
  #next: Promise<boolean> | undefined

  constructor(options: SecretStoreOptions) {
    const { configuration, config, opened } = options
    this.#options = options
    this.#values = secretsOf(configuration, config)
    this.#origins = opened?.first.origins ?? new Map()
    this.#stop = opened === undefined ? () => undefined : keepFresh(opened.source, () => void this.refresh())
  }

  get origins(): ReadonlyMap<string, SecretOrigin> {
    return this.#origins
  }

  value(name: string): string | undefined {
    return this.#values.get(name)
  }

  ageSeconds(): number {
    return (performance.now() - this.#goodAt) / 1000
  }

  follow(name: string, changed: (value: string | undefined) => void): void {
    this.#followers.set(name, [...(this.#followers.get(name) ?? []), changed])
  }

  onRead(heard: (reads: readonly SecretRead[]) => void): void {
    this.#listeners.push(heard)
    heard(readsOf(this.#origins, () => true))
  }

  refresh(): Promise<boolean> {
    if (this.#reading === undefined) {
      this.#reading = this.#read().finally(() => (this.#reading = undefined))
      return this.#reading
    }
    // The running read may miss a later change, so another follows, shared by all callers.
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined
      return this.refresh()
    })
    return this.#next
  }

  close(): void {
    this.#stop()
  }

  async #read(): Promise<boolean> {
    const { opened, log, metrics } = this.#options
    if (opened === undefined) return true
    try {
      this.#adopt(await opened.source.read())
      metrics.secretsRead(true)
      return true
    } catch (error) {
      // Safe because the last good values stay in use; log and metrics report their age.
      const reason = error instanceof ConfigError ? error.message : String(error)
      log.warn({ reason, secondsOld: Math.round(this.ageSeconds()) }, 'the secrets could not be reloaded')
      metrics.secretsRead(false)
      return false
    }
  }

  #adopt(resolved: ResolvedSecrets): void {
    const { configuration } = this.#options
    const [values, next] = [this.#values, secretsOf(configuration, loadConfig(configuration, resolved.environment))]
    const names = new Set([...values.keys(), ...next.keys()])
    const changed = [...names].filter((name) => values.get(name) !== next.get(name))
    this.#values = next
    this.#origins = resolved.origins
    this.#goodAt = performance.now()
    const isFetched = (name: string, { source }: SecretOrigin) =>
      source === 'aws' || source === 'vault' || (source === 'file' && changed.includes(name))
    const reads = readsOf(this.#origins, isFetched)
    for (const heard of this.#listeners) heard(reads)
    for (const name of changed) this.#notify(name)
  }

  #notify(name: string): void {
    const { configuration, log } = this.#options
    const followers = this.#followers.get(name) ?? []
    const about = { setting: name, ...this.#origins.get(name) }
    if (!isFollowed(configuration, name))
      log.warn(about, 'a secret has a new value, which takes effect at the next start')
    else log.info(about, 'a secret has a new value')
    for (const changed of followers) changed(this.#values.get(name))
  }
}

function isFollowed({ settings }: Configuration, name: string): boolean {
  return settings.some(({ env, followed }) => env === name && followed === true)
}

/** Every secret setting with a value, as text. */
function secretsOf({ settings }: Configuration, config: Config): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const setting of settings) {
    if (setting.secret !== true) continue
    const value = valueOf(config, setting)
    if (typeof value === 'string') found.set(setting.env, value)
    else if (Array.isArray(value) && value.length > 0) found.set(setting.env, value.join(','))
  }
  return found
}

function readsOf(
  origins: ReadonlyMap<string, SecretOrigin>,
  isIncluded: (name: string, origin: SecretOrigin) => boolean,
): SecretRead[] {
  return [...origins]
    .filter(([name, origin]) => isIncluded(name, origin))
    .map(([name, origin]) => ({ name, ...origin }))
}

/**
 * Refreshes at intervals and polls files by path, so that exchanged symbolic links of a mounted volume are noticed too.
 */
function keepFresh({ settings: own, files }: SecretSource, again: () => void): () => void {
  const timer = setInterval(again, own.refreshSeconds * 1000).unref()
  for (const file of files) watchFile(file, { persistent: false, interval: FILE_POLL_MILLISECONDS }, again)
  return () => {
    clearInterval(timer)
    for (const file of files) unwatchFile(file, again)
  }
}
