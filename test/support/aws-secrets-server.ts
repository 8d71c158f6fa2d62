import { randomUUID } from 'node:crypto'
import { misbehavingServer } from './misbehaving-server.ts'
import type { Answer, MisbehavingServer, Request } from './misbehaving-server.ts'

/** A fake AWS Secrets Manager that answers GetSecretValue (JSON 1.1 protocol, signature version 4). */
export interface AwsSecretsServer extends MisbehavingServer {
  /** Adds a version of a secret as the current one; the former current becomes the previous. Returns the version id. */
  put(secretId: string, value: string | Uint8Array): string
}

const SIGNATURE =
  /^AWS4-HMAC-SHA256 Credential=[^/]+\/\d{8}\/[a-z0-9-]+\/secretsmanager\/aws4_request, SignedHeaders=[^,]*host[^,]*x-amz-date[^,]*, Signature=[0-9a-f]{64}$/

export async function startAwsSecrets(): Promise<AwsSecretsServer> {
  const secrets = new Map<string, { id: string; value: string | Uint8Array }[]>()
  const serve = ({ method, headers, body }: Request): Answer => {
    if (method !== 'POST' || headers['content-type'] !== 'application/x-amz-json-1.1')
      return failed('UnknownOperationException')
    if (!SIGNATURE.test(String(headers.authorization)) || headers['x-amz-date'] === undefined) {
      return failed('MissingAuthenticationTokenException')
    }
    if (headers['x-amz-target'] !== 'secretsmanager.GetSecretValue') return failed('UnknownOperationException')
    const asked: { SecretId?: string; VersionStage?: string } = JSON.parse(body)
    const versions = secrets.get(asked.SecretId ?? '') ?? []
    const found = versions.at(asked.VersionStage === 'AWSPREVIOUS' ? -2 : -1)
    if (found === undefined) return failed('ResourceNotFoundException')
    const { id, value } = found
    const content =
      typeof value === 'string' ? { SecretString: value } : { SecretBinary: Buffer.from(value).toString('base64') }
    const about = { ARN: `arn:aws:secretsmanager:eu-central-1:1:secret:${asked.SecretId}`, Name: asked.SecretId }
    return {
      status: 200,
      body: { ...about, VersionId: id, VersionStages: ['AWSCURRENT'], CreatedDate: 1.8e9, ...content },
      headers: AWS_JSON,
    }
  }
  const server = await misbehavingServer(serve)
  return Object.assign(server, {
    put(secretId: string, value: string | Uint8Array) {
      const id = randomUUID()
      secrets.set(secretId, [...(secrets.get(secretId) ?? []), { id, value }])
      return id
    },
  })
}

const AWS_JSON = { 'content-type': 'application/x-amz-json-1.1' }

/** The body of an error of this service. */
export const awsError = (type: string) => JSON.stringify({ __type: type, Message: 'said by the service' })

const failed = (type: string): Answer => ({ status: 400, body: awsError(type), headers: AWS_JSON })
