import { hostname } from 'node:os'
import { z } from 'zod'
import { PLATFORM_TENANT } from '#kernel/audit'
import type { AuditTrail } from '#kernel/audit'
import type { ShownSetting } from '#kernel/config/settings'
import type { Db } from '#kernel/database/db'
import { hashOf } from './chain/record.ts'
import { latestOf } from './store/events.ts'

const ACTION = 'platform.configured'
const SUBJECT = 'configuration'

const Stored = z.object({ settings: z.array(z.object({ setting: z.string(), value: z.string() })) })

/**
 * Records an audit event when the settings differ from those of the last start: the changed ones before and after, and
 * all current ones. Secrets are hidden, so a change of a secret alone is not recorded. Returns whether it recorded one.
 */
export async function recordConfiguration(
  db: Db,
  trail: AuditTrail,
  configured: readonly ShownSetting[],
): Promise<boolean> {
  const settings = configured.map(({ env, value }) => ({ setting: env, value }))
  const last = await latestOf({ db, tenantId: PLATFORM_TENANT }, { action: ACTION, subject: SUBJECT })
  const stored = Stored.safeParse(last)
  const known = new Map(stored.success ? stored.data.settings.map(({ setting, value }) => [setting, value]) : [])
  const changed = settings.filter(({ setting, value }) => known.get(setting) !== value)
  if (stored.success && changed.length === 0) return false
  await trail.record({
    tenantId: PLATFORM_TENANT,
    actor: { kind: 'job', id: 'platform.start' },
    action: ACTION,
    subject: SUBJECT,
    ...(stored.success && {
      before: { settings: changed.map(({ setting }) => ({ setting, value: known.get(setting) ?? '(unknown)' })) },
    }),
    after: {
      host: hostname(),
      fingerprint: hashOf(settings),
      changed: changed.map(({ setting }) => setting),
      settings,
    },
    requestId: '',
    outcome: 'success',
  })
  return true
}
