import pRetry from 'p-retry'

export type SecretSourceName = 'environment' | 'file' | 'aws' | 'vault' | 'generated'

/** Where a secret's value came from. Never the value. */
export interface SecretOrigin {
  readonly source: SecretSourceName
  /** As the provider counts them; absent where it does not. */
  readonly version?: string
}

export interface SecretValue extends SecretOrigin {
  readonly value: string
}

/** A service that keeps secrets. */
export interface SecretProvider {
  /** `AWS Secrets Manager`: for messages. */
  readonly name: string
  /** What it holds of these settings, by the setting's name. Throws `ProviderError` when it does not say. */
  read(names: readonly string[]): Promise<ReadonlyMap<string, SecretValue>>
}

/** A provider did not answer, refused or answered nonsense. The message holds no secret. */
export class ProviderError extends Error {
  /** Worth another attempt: it may be different in a moment. */
  readonly isTransient: boolean

  constructor(message: string, { isTransient, cause }: { readonly isTransient: boolean; readonly cause?: unknown }) {
    super(message, { cause })
    this.name = 'ProviderError'
    this.isTransient = isTransient
  }
}

export interface Attempts {
  readonly timeoutMilliseconds: number
  /** Longest pause before the second attempt; doubles from one to the next. */
  readonly pauseMilliseconds: number
}

const ATTEMPTS = 4

/**
 * Asks a provider, four times at most while its failure is transient. Each attempt has its own time limit. The pauses are
 * partly random, so that processes that failed together do not ask together again.
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

/** A secret's members as settings; every one must be text. `where` is named when one is not. */
export function membersOf(
  content: unknown,
  names: readonly string[],
  origin: SecretOrigin,
  where: string,
): Map<string, SecretValue> {
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw new ProviderError(`${where} is no JSON object with one member per setting`, { isTransient: false })
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
