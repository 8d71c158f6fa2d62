import type { Ctx } from '#kernel/context'
import type { Keyring } from '#kernel/crypto/keyring'
import type { Declarations, Module } from '#kernel/module'
import type { PersonalData } from '#kernel/personal-data'
import type { Privacy } from './api.ts'
import { carryOutErasure } from './carry-out-erasure.ts'
import { privacyCommands } from './commands.ts'
import { confirmErasure } from './confirm-erasure.ts'
import { consentsOf, recordConsent } from './consents.ts'
import { privacyEvents } from './domain-events.ts'
import { privacyEncryptedFields } from './encrypted-fields.ts'
import { eraseByToken } from './erase-by-token.ts'
import { exportPerson } from './export-person.ts'
import { privacyJobs } from './jobs.ts'
import { requestOwnErasure } from './own-data.ts'
import { privacyPersonalData } from './personal-data.ts'
import { reportReturned } from './report-returned.ts'
import { requestErasure } from './request-erasure.ts'
import { expirePersonalData, retentionRules, setRetention } from './retention.ts'
import { ownDataRoutes, requestRoutes } from './routes.ts'
import { ruleRoutes } from './rule-routes.ts'
import { reportKeyOf, tenantKeys } from './tenant-keys.ts'

export type { Privacy }

export const privacyDeclarations = {
  name: 'privacy',
  events: privacyEvents,
  commands: [privacyCommands],
} satisfies Declarations<Privacy>

export interface PrivacyNeeds {
  readonly keyring: Keyring
  /** Of every module, asked for when they all exist. */
  readonly holders: () => readonly PersonalData[]
  /** Where the audit chain stands, for reports. */
  readonly auditHead?: (ctx: Ctx) => Promise<unknown>
}

export function privacyModule(needs: PrivacyNeeds): Module<Privacy> {
  const { holders, keyring, auditHead = () => Promise.resolve(undefined) } = needs
  const keys = tenantKeys(keyring)
  const parts = { holders, keyring, keys, auditHead }
  const carryOut = carryOutErasure(parts)
  const expire = expirePersonalData(holders)
  const returned = reportReturned(parts)
  const verbs = {
    exportPerson: exportPerson(parts),
    exportOwn: exportPerson(parts, 'own-data:read'),
    requestErasure: requestErasure(parts),
    requestOwnErasure: requestOwnErasure(parts),
    confirm: confirmErasure(true),
    confirmOwn: confirmErasure(true, 'own-data:write'),
  }
  const rules = {
    ...{ keys, recordConsent: recordConsent(parts), consentsOf: consentsOf(parts) },
    ...{ retentionRules: retentionRules(holders), setRetention: setRetention(holders) },
  }
  return {
    ...privacyDeclarations,
    scopes: [
      { scope: 'privacy:read', describe: 'see and export what is held about a person', least: 'admin' },
      { scope: 'privacy:write', describe: 'erase a person, record consent, set retention', least: 'owner' },
      { scope: 'own-data:read', describe: 'export what is held about you', least: 'read-only' },
      { scope: 'own-data:write', describe: 'erase your own account', least: 'read-only', peopleOnly: true },
    ],
    api: {
      exportPerson: verbs.exportPerson,
      requestErasure: verbs.requestErasure,
      eraseByToken: eraseByToken({ ...parts, carryOut }),
      reportKey: reportKeyOf(keys),
      expire,
      reportReturned: returned,
    },
    routes: [...requestRoutes(verbs), ...ownDataRoutes(verbs), ...ruleRoutes(rules)],
    jobs: privacyJobs({ carryOut, expire, reportReturned: returned }),
    personalData: privacyPersonalData(keys),
    encryptedFields: privacyEncryptedFields,
  }
}
