import type { AuditTrail } from '../audit.ts'
import { PLATFORM_TENANT } from '../audit.ts'
import type { Clock } from '../clock.ts'
import { newId } from '../ids.ts'
import type { SecretStore } from './secret-store.ts'

/** Audits every secret that is read: name, source and version, never the value. */
export function auditReads(secrets: SecretStore, audit: AuditTrail, clock: Clock): void {
  secrets.onRead((reads) => {
    if (reads.length === 0) return
    const requestId = newId('req', clock())
    for (const { name, source, version } of reads) {
      audit.note({
        tenantId: PLATFORM_TENANT,
        actor: { kind: 'job', id: 'secrets' },
        requestId,
        outcome: 'success',
        action: 'secrets.read',
        subject: name,
        after: { source, ...(version !== undefined && { version }) },
      })
    }
  })
}
