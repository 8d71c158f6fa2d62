import { z } from 'zod'
import { setting, wholeNumber } from './setting.ts'

const MEBIBYTE = 1024 ** 2
const GIBIBYTE = 1024 ** 3

export const FileSettings = z.object({
  url: setting(
    'FILES_URL',
    z
      .url({ protocol: /^(s3|https?)$/ })
      .refine((text) => new URL(text).protocol === 's3:' || new URL(text).pathname.length > 1, 'a URL with a bucket')
      .optional(),
    {
      describe:
        'Bucket that new files are kept in. `s3://bucket?region=eu-central-1` is one of AWS, with credentials found as every AWS tool finds them; `https://KEY:SECRET@host/bucket` is one of a store that speaks S3 (a `/` in the secret is written `%2F`). Unset: files are kept in PostgreSQL. New requests use new credentials; another bucket needs a restart.',
      example: 'https://plimsoll:a-long-secret-key@minio.internal:9000/plimsoll?region=us-east-1',
      secret: true,
      followed: true,
    },
  ),
  timeoutSeconds: setting('FILES_TIMEOUT_SECONDS', wholeNumber(1, 300).default(10), {
    describe: 'How long the store of the bucket may say nothing. A request is made three times.',
    example: '10',
  }),
  bytesMax: setting('FILES_BYTES_MAX', wholeNumber(1, 50 * GIBIBYTE).default(GIBIBYTE), {
    describe: 'Largest file, in bytes.',
    example: String(100 * MEBIBYTE),
  }),
  tenantBytesMax: setting('FILES_TENANT_BYTES_MAX', wholeNumber(1, 1024 ** 5).default(10 * GIBIBYTE), {
    describe: 'What all files of a tenant may add up to, in bytes.',
    example: String(50 * GIBIBYTE),
  }),
})
