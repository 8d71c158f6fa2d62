import pRetry from 'p-retry'

export type SecretSourceName = 'environment' | 'file' | 'aws' | 'vault' | 'generated'

/** The origin of a secret's value; never the value. */
export interface SecretOrigin {
  readonly source: SecretSourceName
  /** The provider's version; absent if it has none. */
  readonly version?: string
}

export interface SecretValue extends SecretOrigin {
  readonly value: string
}

/** A secret provider: a service that stores secrets. */
export interface SecretProvider {
  /** The name in messages: `AWS Secrets Manager`. */
  readonly name: string
  /** Reads the values of these settings, by name. Throws `ProviderError` when it fails. */
  read(names: readonly string[]): Promise<ReadonlyMap<string, SecretValue>>
}

/** A provider did not respond, refused, or returned an invalid response. The message holds no secret. */
export class ProviderError extends Error {
  /** Whether a retry may succeed. */
  readonly isTransient: boolean

  constructor(message: string, { isTransient, cause }: { readonly isTransient: boolean; readonly cause?: unknown }) {
    super(message, { cause })
    this.name = 'ProviderError'
    this.isTransient = isTransient
  }
}

export interface Attempts {
  readonly timeoutMilliseconds: number
  /** Maximum pause before the second attempt; doubles with each attempt. */
  readonly pauseMilliseconds: number
}

const ATTEMPTS = 4

/**
 * Runs a provider's work with up to four attempts while failures are transient. Each attempt has its own timeout.
 * Pauses are randomised, so that processes that failed together do not retry together.
 */
export function attempted<T>(
  { timeoutMilliseconds, pauseMilliseconds }: Attempts,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return pRetry(() => work(AbortSignal.timeout(timeoutMilliseconds)), {
    retries: ATTEMPTS - 1,
    // Lengthened at random to twice as long at most.
    minTimeout: pauseMilliseconds / 2,
    factor: 2,
    randomize: true,
    shouldRetry: ({ error }) => error instanceof ProviderError && error.isTransient,
  })
}

/** Reads the members of a JSON secret as settings; each must be text. `where` appears in errors. */
export function membersOf(
  content: unknown,
  names: readonly string[],
  origin: SecretOrigin,
  where: string,
): Map<string, SecretValue> {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new ProviderError(`${where} is not a JSON object with one member per setting`, { isTransient: false })
  }
  const members = new Map<string, unknown>(Object.entries(content))
  const found = new Map<string, SecretValue>()
  for (const name of names) {
    const value = members.get(name)
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') {
      throw new ProviderError(`${name} in ${where} is of type ${typeof value}, not text`, { isTransient: false })
    }
    if (value.trim() !== '') found.set(name, { ...origin, value })
  }
  return found
}
