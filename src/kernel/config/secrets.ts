import { z } from 'zod'
import { setting, wholeNumber } from './setting.ts'

const fields = {
  provider: setting('SECRETS_PROVIDER', z.enum(['env', 'aws', 'vault']).default('env'), {
    describe:
      'Where secrets come from: `env` (variables, and files named by `<NAME>_FILE`), `aws` (AWS Secrets Manager) or `vault` (HashiCorp Vault, KV version 2). With the last two, development alone falls back to variables.',
    example: 'env',
  }),
  refreshSeconds: setting('SECRETS_REFRESH_SECONDS', wholeNumber(1, 86_400).default(300), {
    describe:
      'How often secrets are reloaded from files, AWS or Vault. SIGHUP and `plimsoll secrets refresh` reload them at once; a changed file is noticed within a second.',
    example: '60',
  }),
  timeoutSeconds: setting('SECRETS_TIMEOUT_SECONDS', wholeNumber(1, 60).default(5), {
    describe: 'How long AWS or Vault may take for one answer. Four attempts are made, with growing pauses.',
    example: '5',
  }),
  awsRegion: setting('AWS_REGION', z.string().min(1).optional(), {
    describe: 'Region of AWS Secrets Manager. Credentials are found as every AWS tool finds them.',
    example: 'eu-central-1',
  }),
  awsSecretId: setting('AWS_SECRET_ID', z.string().min(1).optional(), {
    describe: 'One AWS secret whose value is a JSON object with one member per setting, named as the variable.',
    example: 'plimsoll/production',
  }),
  awsSecretPrefix: setting('AWS_SECRET_PREFIX', z.string().min(1).optional(), {
    describe: 'Instead of `AWS_SECRET_ID`: one AWS secret per setting, named this followed by the variable.',
    example: 'plimsoll/production/',
  }),
  awsEndpoint: setting('AWS_ENDPOINT_URL_SECRETS_MANAGER', z.url({ protocol: /^https?$/ }).optional(), {
    describe: 'Another address of AWS Secrets Manager, such as a VPC endpoint.',
    example: 'https://vpce-0a1b2c3d.secretsmanager.eu-central-1.vpce.amazonaws.com',
  }),
  vaultAddress: setting('VAULT_ADDR', z.url({ protocol: /^https?$/ }).optional(), {
    describe: 'Address of Vault.',
    example: 'https://vault.internal:8200',
  }),
  vaultNamespace: setting('VAULT_NAMESPACE', z.string().min(1).optional(), {
    describe: 'Namespace of Vault Enterprise or HCP Vault.',
    example: 'admin/platform',
  }),
  vaultMount: setting('VAULT_MOUNT', z.string().min(1).default('secret'), {
    describe: 'Where the KV version 2 engine is mounted.',
    example: 'kv',
  }),
  vaultPath: setting('VAULT_PATH', z.string().min(1).default('plimsoll'), {
    describe: 'Path of the secret within the mount: one entry per setting, named as the variable.',
    example: 'plimsoll/production',
  }),
  vaultToken: setting('VAULT_TOKEN', z.string().min(1).optional(), {
    describe: 'Token for Vault; renewed while it can be.',
    example: 'hvs.CAESIJ…',
    secret: true,
  }),
  vaultRoleId: setting('VAULT_ROLE_ID', z.string().min(1).optional(), {
    describe: 'AppRole to log in to Vault with, instead of a token.',
    example: '675a50e7-cfe0-be76-e35f-49ec009731ea',
  }),
  vaultSecretId: setting('VAULT_SECRET_ID', z.string().min(1).optional(), {
    describe: 'Secret id of the AppRole.',
    example: 'ed0a642f-2acf-c2da-232f-1b21300d5f29',
    secret: true,
  }),
  vaultKubernetesRole: setting('VAULT_KUBERNETES_ROLE', z.string().min(1).optional(), {
    describe: 'Role to log in to Vault with as a Kubernetes service account, instead of a token.',
    example: 'plimsoll',
  }),
  vaultKubernetesTokenPath: setting(
    'VAULT_KUBERNETES_TOKEN_PATH',
    z.string().min(1).default('/var/run/secrets/kubernetes.io/serviceaccount/token'),
    { describe: 'Where the token of the service account is.', example: '/var/run/secrets/vault/token' },
  ),
}

export const SecretSettings = z.object(fields).superRefine((given, { addIssue }) => {
  const wrong = (field: keyof typeof fields, message: string) => addIssue({ code: 'custom', path: [field], message })
  if (given.provider === 'aws' && (given.awsSecretId === undefined) === (given.awsSecretPrefix === undefined)) {
    wrong('awsSecretId', 'AWS_SECRET_ID or AWS_SECRET_PREFIX, one of the two, with SECRETS_PROVIDER=aws')
  }
  if (given.provider !== 'vault') return
  if (given.vaultAddress === undefined) wrong('vaultAddress', 'the address of Vault, with SECRETS_PROVIDER=vault')
  const ways = [given.vaultToken, given.vaultRoleId, given.vaultKubernetesRole].filter((way) => way !== undefined)
  if (ways.length !== 1) {
    wrong(
      'vaultToken',
      'VAULT_TOKEN, VAULT_ROLE_ID or VAULT_KUBERNETES_ROLE, one of the three, with SECRETS_PROVIDER=vault',
    )
  }
  if (given.vaultRoleId !== undefined && given.vaultSecretId === undefined) {
    wrong('vaultSecretId', 'the secret id of the AppRole, with VAULT_ROLE_ID')
  }
})

export type SecretSettings = z.output<typeof SecretSettings>
