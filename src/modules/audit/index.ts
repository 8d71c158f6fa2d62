import type { Logger } from 'pino'
import { personKeyField } from '#kernel/audit/person-keys'
import type { Clock } from '#kernel/clock'
import type { ShownSetting } from '#kernel/config/settings'
import type { Module } from '#kernel/module'
import type { Platform } from '#kernel/platform'
import type { Audit } from './api.ts'
import { sealingLoop } from './background.ts'
import { blockSigner, fingerprint } from './chain/signing-key.ts'
import { recordConfiguration } from './configuration-change.ts'
import { auditDeclarations } from './declarations.ts'
import { exportChain } from './export.ts'
import { auditMetrics } from './metrics.ts'
import { auditPersonalData } from './personal-data.ts'
import { retentionJob } from './retention.ts'
import { auditRoutes } from './routes.ts'
import { sealer } from './seal.ts'
import type { AuditSettings } from './settings.ts'
import { chainHead } from './store/chain.ts'
import { verifyDatabase } from './verify/database.ts'

export type { Audit }

export interface AuditNeeds extends Pick<Platform, 'database' | 'keyring' | 'audit' | 'metrics'> {
  readonly settings: AuditSettings
  /** All settings in effect; a change of them since the last start is recorded as an audit event. */
  readonly configured: readonly ShownSetting[]
  readonly clock: Clock
  readonly log: Logger
}

export function auditModule(needs: AuditNeeds): Module<Audit> {
  const { database, keyring, audit, metrics, settings, configured, clock, log } = needs
  const { retentionDays, sealSeconds } = settings
  const { unsealedSeconds } = metrics.instruments('audit', auditMetrics)
  const chainSealer = sealer({ db: database.system, keyring, clock })
  const loop = sealingLoop(chainSealer, { seconds: sealSeconds, clock, log })
  const exported: Audit['exportLines'] = (tenantId, range) =>
    exportChain({ db: database.forTenant(tenantId), tenantId }, range, clock())
  return {
    ...auditDeclarations,
    api: {
      ...chainSealer,
      exportLines: exported,
      head: chainHead,
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
      const recorded = recordConfiguration(database.system, audit, configured).catch((error: unknown) =>
        log.error({ err: error }, 'the configuration could not be recorded'),
      )
      return {
        async stop() {
          await recorded
          await started.stop()
        },
      }
    },
  }
}
