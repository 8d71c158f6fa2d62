import { z } from 'zod'
import { setting, wholeNumber, yesOrNo } from './setting.ts'

export const DatabaseSettings = z.object({
  url: setting('DATABASE_URL', z.url({ protocol: /^postgres(ql)?$/ }).optional(), {
    describe:
      'PostgreSQL 16 or newer. Unset: an embedded PostgreSQL 18 under `DATA_DIR`. New connections use a new password; another server, database or user needs a restart.',
    example: 'postgresql://plimsoll:a-long-password@db.internal:5432/plimsoll',
    secret: true,
    followed: true,
    requiredInProduction: true,
  }),
  sslMode: setting('DB_SSL_MODE', z.enum(['disable', 'require', 'verify-ca', 'verify-full']).optional(), {
    describe: 'TLS to the database: `require` encrypts, `verify-full` also checks the name. Unset: as the URL says.',
    example: 'verify-full',
  }),
  poolSize: setting('DB_POOL_SIZE', wholeNumber(1, 1000).default(10), {
    describe:
      'Connections of one process for requests; nine more serve the rest. The start warns when those of every process together may exceed the server’s limit.',
    example: '50',
  }),
  poolOverflow: setting('DB_MAX_OVERFLOW', wholeNumber(0, 1000).default(0), {
    describe: 'Further connections under load, closed again when idle.',
    example: '50',
  }),
  poolWaitSeconds: setting('DB_POOL_TIMEOUT', wholeNumber(1, 600).default(30), {
    describe: 'How long a request waits for a free connection before it fails with `unavailable`.',
    example: '60',
  }),
  poolRecycleSeconds: setting('DB_POOL_RECYCLE', wholeNumber(10, 86_400).default(3600), {
    describe: 'Age at which a connection is replaced.',
    example: '3600',
  }),
  statementTimeoutSeconds: setting('DB_STATEMENT_TIMEOUT', wholeNumber(1, 600).default(5), {
    describe: 'Longest a request’s statement may run.',
    example: '5',
  }),
  jobStatementTimeoutSeconds: setting('DB_JOB_STATEMENT_TIMEOUT', wholeNumber(1, 86_400).default(600), {
    describe: 'Longest a background job’s statement may run.',
    example: '600',
  }),
  slowQueryMilliseconds: setting('DB_SLOW_QUERY_MS', wholeNumber(1, 60_000).default(1000), {
    describe: 'Statements slower than this are logged, without their values.',
    example: '1000',
  }),
  migrateOnStart: setting('DB_MIGRATE_ON_START', yesOrNo().default(true), {
    describe: 'Apply pending migrations at start. Turn off where a release step runs `plimsoll migrate up`.',
    example: 'false',
  }),
})
