import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager'
import type { SecretSettings } from '../config/secrets.ts'
import { ProviderError, attempted, membersOf } from './provider.ts'
import type { Attempts, SecretProvider, SecretValue } from './provider.ts'

export interface AwsOptions extends Attempts {
  readonly settings: SecretSettings
}

interface Stored {
  readonly text: string
  readonly version: string
}

/**
 * The provider for AWS Secrets Manager: one secret with a JSON member per setting, or one secret per setting. It reads
 * the current version (AWSCURRENT), so a rotation in AWS takes effect here. The SDK is loaded at the first read.
 */
export function awsProvider({ settings, ...attempts }: AwsOptions): SecretProvider {
  const { awsSecretId, awsSecretPrefix } = settings
  let client: Promise<SecretsManagerClient> | undefined

  const readOne = async (secretId: string): Promise<Stored | undefined> => {
    // Before the attempts, so that loading the SDK does not count towards their timeout.
    const opened = await (client ??= openClient(settings))
    return attempted(attempts, (signal) => readSecret(opened, secretId, signal))
  }
  return {
    name: 'AWS Secrets Manager',
    async read(names) {
      if (awsSecretId === undefined) return readEach(names, awsSecretPrefix ?? '', readOne)
      const stored = await readOne(awsSecretId)
      if (stored === undefined) {
        throw new ProviderError(`AWS Secrets Manager has no secret ${awsSecretId}`, { isTransient: false })
      }
      const origin = { source: 'aws' as const, version: stored.version }
      return membersOf(jsonOf(stored.text, awsSecretId), names, origin, `the secret ${awsSecretId}`)
    },
  }
}

async function readEach(
  names: readonly string[],
  prefix: string,
  readOne: (secretId: string) => Promise<Stored | undefined>,
): Promise<Map<string, SecretValue>> {
  const found = new Map<string, SecretValue>()
  // Sequentially, because the service throttles parallel reads.
  for (const name of names) {
    const stored = await readOne(`${prefix}${name}`)
    if (stored !== undefined && stored.text.trim() !== '') {
      found.set(name, { source: 'aws', value: stored.text, version: stored.version })
    }
  }
  return found
}

async function openClient({ awsRegion, awsEndpoint }: SecretSettings): Promise<SecretsManagerClient> {
  const sdk = await import('@aws-sdk/client-secrets-manager')
  return new sdk.SecretsManagerClient({
    // Retries and timeouts are in `attempted`, for all providers.
    maxAttempts: 1,
    ...(awsRegion !== undefined && { region: awsRegion }),
    ...(awsEndpoint !== undefined && { endpoint: awsEndpoint }),
  })
}

async function readSecret(
  client: SecretsManagerClient,
  secretId: string,
  signal: AbortSignal,
): Promise<Stored | undefined> {
  const { GetSecretValueCommand } = await import('@aws-sdk/client-secrets-manager')
  const command = new GetSecretValueCommand({ SecretId: secretId, VersionStage: 'AWSCURRENT' })
  try {
    const { SecretString, VersionId } = await client.send(command, { abortSignal: signal })
    if (typeof SecretString === 'string') return { text: SecretString, version: VersionId ?? '' }
  } catch (error) {
    if (named(error) === 'ResourceNotFoundException') return undefined
    throw failureOf(error, secretId, signal)
  }
  throw new ProviderError(`the secret ${secretId} of AWS Secrets Manager is not text`, { isTransient: false })
}

/** Maps error names of docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html. */
function failureOf(error: unknown, secretId: string, signal: AbortSignal): ProviderError {
  const name = named(error)
  if (signal.aborted) {
    return new ProviderError('AWS Secrets Manager did not respond in time', { isTransient: true, cause: error })
  }
  if (/AccessDenied|UnrecognizedClient|InvalidSignature|ExpiredToken|Credentials/.test(name)) {
    const message = `AWS Secrets Manager denies access to ${secretId} with these credentials (${name})`
    return new ProviderError(message, { isTransient: false, cause: error })
  }
  if (/InvalidRequest|InvalidParameter|DecryptionFailure|ValidationException/.test(name)) {
    const message = `AWS Secrets Manager cannot return ${secretId} (${name})`
    return new ProviderError(message, { isTransient: false, cause: error })
  }
  const message = `AWS Secrets Manager failed to return ${secretId} (${name})`
  return new ProviderError(message, { isTransient: true, cause: error })
}

function named(error: unknown): string {
  return error instanceof Error ? error.name : 'unknown'
}

function jsonOf(text: string, secretId: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    // The parser's message quotes the text, which is secret.
    throw new ProviderError(`the secret ${secretId} is not JSON`, { isTransient: false })
  }
}
