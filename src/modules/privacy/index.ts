import type { Ctx } from '#kernel/context'
import type { Keyring } from '#kernel/crypto/keyring'
import type { Declarations, Module } from '#kernel/module'
import type { PersonalData } from '#kernel/personal-data'
import { carryOutErasure } from './carry-out-erasure.ts'
import { confirmErasure } from './confirm-erasure.ts'
import { consentsOf, recordConsent } from './consents.ts'
import type { Archive, Preview, SignedReport } from './contract.ts'
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
import type { PublishedKey } from './signed-report.ts'
import { reportKeyOf, tenantKeys } from './tenant-keys.ts'

export type { Archive, Preview, SignedReport }
export { newConfirmToken } from './request-erasure.ts'
export { verifyReport } from './signed-report.ts'

/** A person's right to see and to erase what is held about them; consent; retention. */
export interface Privacy {
  exportPerson(ctx: Ctx, input: { readonly person: string }): Promise<Archive>
  /** Shows what would be erased. `token` where one confirms the same in several tenants; else one is made. */
  requestErasure(ctx: Ctx, input: { readonly person: string; readonly token?: string }): Promise<Preview>
  /** Confirms and carries out what was previewed with this token; undefined where this tenant has no such preview. */
  eraseByToken(ctx: Ctx, input: { readonly person: string; readonly token: string }): Promise<SignedReport | undefined>
  /** The public key that this tenant's reports are verified with. */
  reportKey(ctx: Ctx): Promise<PublishedKey>
  /** Deletes what has passed its time; rows by category. */
  expire(ctx: Ctx): Promise<Readonly<Record<string, number>>>
  /** How many people who were erased are held again since the last time this was asked. */
  reportReturned(ctx: Ctx): Promise<number>
}

export const privacyDeclarations = { name: 'privacy', events: privacyEvents } satisfies Declarations

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
