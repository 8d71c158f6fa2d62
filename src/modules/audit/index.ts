import type { Logger } from 'pino'
import { personKeyField } from '#kernel/audit/person-keys'
import type { Clock } from '#kernel/clock'
import type { ShownSetting } from '#kernel/config/settings'
import type { Ctx } from '#kernel/context'
import type { Declarations, Module } from '#kernel/module'
import type { Platform } from '#kernel/platform'
import { sealing } from './background.ts'
import { blockSigner, fingerprint } from './chain/signing-key.ts'
import { recordConfiguration } from './configuration-change.ts'
import { exportChain } from './export.ts'
import type { ExportRange } from './export.ts'
import { auditMetrics } from './metrics.ts'
import { auditPersonalData } from './personal-data.ts'
import { retentionJob } from './retention.ts'
import { auditRoutes } from './routes.ts'
import { sealer } from './seal.ts'
import type { Sealer } from './seal.ts'
import { AuditSettings } from './settings.ts'
import { chainHead } from './store/chain.ts'
import { verifyDatabase } from './verify/database.ts'
import type { VerifyOptions } from './verify/verify-lines.ts'
import type { VerifyReport } from './verify/report.ts'

export { verifyLines } from './verify/verify-lines.ts'
export type { VerifyReport } from './verify/report.ts'

/** The audit chain: sealing, proof, reading, retention. */
export interface Audit extends Sealer {
  /** The chain of a tenant as lines of an export, up to the block that is the last now. */
  exportLines(tenantId: string, range: ExportRange): AsyncGenerator<string>
  /** Verifies what is in the database, as an export of it would be, and that no event stands beside the chain. */
  verify(tenantId: string, options?: VerifyOptions): Promise<VerifyReport>
  /** The last block: whoever keeps its hash can tell later that nothing before it was changed. */
  head(ctx: Ctx): Promise<{ readonly number: number; readonly hash: string } | undefined>
  /** Names the key that seals now, for whoever verifies to expect. */
  signerFingerprint(): string
}

export interface AuditNeeds extends Pick<Platform, 'database' | 'keyring' | 'audit' | 'metrics'> {
  readonly settings: AuditSettings
  /** Every setting in effect, for the event that a change of them leaves. */
  readonly configured: readonly ShownSetting[]
  readonly clock: Clock
  readonly log: Logger
}

export const auditDeclarations = {
  name: 'audit',
  settings: { audit: AuditSettings },
  metrics: auditMetrics,
} satisfies Declarations

export function auditModule(needs: AuditNeeds): Module<Audit> {
  const { database, keyring, audit, metrics, settings, configured, clock, log } = needs
  const { retentionDays, sealSeconds } = settings
  const { unsealedSeconds } = metrics.instruments('audit', auditMetrics)
  const seals = sealer({ db: database.system, keyring, clock })
  const loop = sealing(seals, { seconds: sealSeconds, clock, log })
  const exported: Audit['exportLines'] = (tenantId, range) =>
    exportChain(database.forTenant(tenantId), tenantId, range, clock())
  return {
    ...auditDeclarations,
    api: {
      ...seals,
      exportLines: exported,
      head: (ctx) => chainHead(ctx.db, ctx.tenantId),
      verify: (tenantId, options) =>
        verifyDatabase(database.system, { tenantId, lines: exported(tenantId, {}) }, options),
      signerFingerprint: () => fingerprint(blockSigner(keyring).publicKey),
    },
    scopes: [
      { scope: 'audit:read', describe: 'read the audit trail of the organisation, and nothing else', least: 'admin' },
    ],
    routes: auditRoutes(audit),
    jobs: [retentionJob(database.system, retentionDays)],
    personalData: [auditPersonalData(retentionDays)],
    encryptedFields: [personKeyField],
    background() {
      unsealedSeconds.follow({}, loop.ageSeconds)
      const started = loop.start()
      const told = recordConfiguration(database.system, audit, configured).catch((error: unknown) =>
        log.error({ err: error }, 'the configuration could not be recorded'),
      )
      return {
        async stop() {
          await told
          await started.stop()
        },
      }
    },
  }
}
