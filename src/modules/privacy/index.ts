import type { Ctx } from '#kernel/context'
import type { Keyring } from '#kernel/crypto/keyring'
import type { Module } from '#kernel/module'
import type { PersonalData } from '#kernel/personal-data'
import type { Privacy } from './api.ts'
import { carryOutErasure } from './carry-out-erasure.ts'
import { confirmByToken } from './confirm-by-token.ts'
import { privacyDeclarations } from './declarations.ts'
import { privacyEncryptedFields } from './encrypted-fields.ts'
import { exportPerson } from './export-person.ts'
import { makeExport } from './make-export.ts'
import type { ExportParts } from './make-export.ts'
import { privacyJobs } from './jobs.ts'
import { privacyPersonalData } from './personal-data.ts'
import { reportReturned } from './report-returned.ts'
import { requestErasure } from './request-erasure.ts'
import { expirePersonalData } from './retention.ts'
import { privacyRoutes } from './routes.ts'
import { readReportKey, tenantKeys } from './tenant-keys.ts'

export type { Privacy }

export interface PrivacyNeeds {
  readonly keyring: Keyring
  readonly files: ExportParts['files']
  /** Returns the personal-data holders of all modules; called after all modules are built. */
  readonly holders: () => readonly PersonalData[]
  /** The head of the audit chain, for reports. */
  readonly auditHead?: (ctx: Ctx) => Promise<unknown>
}

export function privacyModule(needs: PrivacyNeeds): Module<Privacy> {
  const { holders, keyring, files, auditHead = () => Promise.resolve(undefined) } = needs
  const keys = tenantKeys(keyring)
  const parts = { holders, keyring, keys, files, auditHead }
  const carryOut = carryOutErasure(parts)
  const expire = expirePersonalData(holders)
  const returned = reportReturned(parts)
  const reportKey = readReportKey(keys)
  return {
    ...privacyDeclarations,
    scopes: [
      { scope: 'privacy:read', describe: 'see and export what is held about a person', least: 'admin' },
      { scope: 'privacy:write', describe: 'erase a person, record consent, set retention', least: 'owner' },
      { scope: 'own-data:read', describe: 'export what is held about you', least: 'read-only' },
      { scope: 'own-data:write', describe: 'erase your own account', least: 'read-only', peopleOnly: true },
    ],
    api: {
      exportPerson: exportPerson(parts),
      requestErasure: requestErasure(parts),
      confirmByToken: confirmByToken(parts),
      carryOutErasure: carryOut,
      reportKey: (ctx) => reportKey(ctx, {}),
      expire,
      reportReturned: returned,
    },
    routes: privacyRoutes(parts),
    jobs: privacyJobs({ carryOut, makeExport: makeExport(parts), expire, reportReturned: returned }),
    personalData: privacyPersonalData(keys),
    encryptedFields: privacyEncryptedFields,
  }
}
