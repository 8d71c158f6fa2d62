import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { awsError, startAwsSecrets } from '../../../test/support/aws-secrets-server.ts'
import type { AwsSecretsServer } from '../../../test/support/aws-secrets-server.ts'
import { SecretSettings } from '../config/secrets.ts'
import { awsProvider } from './aws.ts'

let aws: AwsSecretsServer
beforeEach(async () => {
  aws = await startAwsSecrets()
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY')
})
afterEach(() => aws.close())
afterAll(() => vi.unstubAllEnvs())

const NAMES = ['METRICS_TOKEN', 'DATABASE_URL', 'REDIS_URL']

function provider(
  settings: Readonly<Record<string, string>> = { awsSecretId: 'plimsoll' },
  timeoutMilliseconds = 10_000,
) {
  const where = { provider: 'aws', awsRegion: 'eu-central-1', awsEndpoint: aws.url }
  const parsed = SecretSettings.parse({ ...where, ...settings })
  return awsProvider({ settings: parsed, timeoutMilliseconds, pauseMilliseconds: 1 })
}

describe('secrets in AWS Secrets Manager', () => {
  it('are the members of one secret that are settings, with its version', async () => {
    const version = aws.put('plimsoll', JSON.stringify({ METRICS_TOKEN: 'attack-at-dawn', OTHER: 1, REDIS_URL: '' }))
    expect(await provider().read(NAMES)).toEqual(
      new Map([['METRICS_TOKEN', { source: 'aws', version, value: 'attack-at-dawn' }]]),
    )
  })

  it('or one secret each', async () => {
    const versions = [
      aws.put('prod/METRICS_TOKEN', 'attack-at-dawn'),
      aws.put('prod/DATABASE_URL', 'postgresql://a:b@c/d'),
    ]
    expect(await provider({ awsSecretPrefix: 'prod/' }).read(NAMES)).toEqual(
      new Map([
        ['METRICS_TOKEN', { source: 'aws', version: versions[0], value: 'attack-at-dawn' }],
        ['DATABASE_URL', { source: 'aws', version: versions[1], value: 'postgresql://a:b@c/d' }],
      ]),
    )
    expect(aws.requests).toHaveLength(3)
  })

  it('are those of the current version after a rotation there', async () => {
    const awsSecrets = provider()
    aws.put('plimsoll', '{"METRICS_TOKEN":"old"}')
    await awsSecrets.read(NAMES)
    const version = aws.put('plimsoll', '{"METRICS_TOKEN":"new"}')
    expect((await awsSecrets.read(NAMES)).get('METRICS_TOKEN')).toEqual({ source: 'aws', version, value: 'new' })
  })
})

describe('an AWS Secrets Manager that does not give a secret', () => {
  it.each([
    [
      'fails',
      { kind: 'answers', status: 500, body: awsError('InternalServiceError') },
      'failed to return plimsoll (InternalServiceError)',
    ],
    [
      'throttles',
      { kind: 'answers', status: 400, body: awsError('ThrottlingException') },
      'failed to return plimsoll (ThrottlingException)',
    ],
    ['says nothing', { kind: 'silent' }, 'did not respond in time'],
    ['hangs up', { kind: 'cut' }, 'failed to return plimsoll'],
    ['does not speak JSON', { kind: 'answers', status: 200, body: '<html>attack-at-dawn' }, 'AWS Secrets Manager'],
  ] as const)('is asked four times when it %s, and then said to be so', async (_what, how, message) => {
    aws.put('plimsoll', '{"METRICS_TOKEN":"attack-at-dawn"}')
    aws.misbehave(how)
    const milliseconds = how.kind === 'silent' ? 400 : undefined
    const failure = provider(undefined, milliseconds).read(NAMES)
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.not.toThrow('attack-at-dawn')
    expect(aws.requests).toHaveLength(4)
    aws.misbehave(how, 3)
    expect((await provider(undefined, milliseconds).read(NAMES)).get('METRICS_TOKEN')?.value).toBe('attack-at-dawn')
  })

  it.each(['AccessDeniedException', 'InvalidSignatureException', 'DecryptionFailure', 'InvalidRequestException'])(
    'is asked once when it refuses: %s',
    async (name) => {
      aws.misbehave({ kind: 'answers', status: 400, body: awsError(name) })
      await expect(provider().read(NAMES)).rejects.toThrow(name)
      expect(aws.requests).toHaveLength(1)
    },
  )

  it.each([
    ['is not there', undefined, 'AWS Secrets Manager has no secret plimsoll'],
    ['is binary', Buffer.from('attack-at-dawn'), 'is not text'],
    ['is not JSON', 'attack-at-dawn', 'the secret plimsoll is not JSON'],
    ['is a list', '["attack-at-dawn"]', 'not a JSON object with one member per setting'],
    [
      'has a member that is not text',
      '{"METRICS_TOKEN":["attack-at-dawn"]}',
      'METRICS_TOKEN in the secret plimsoll is of type object',
    ],
  ])('says so when the secret %s', async (_what, value, message) => {
    if (value !== undefined) aws.put('plimsoll', value)
    const failure = provider().read(NAMES)
    await expect(failure).rejects.toThrow(message)
    await expect(failure).rejects.not.toThrow('attack-at-dawn')
  })
})
