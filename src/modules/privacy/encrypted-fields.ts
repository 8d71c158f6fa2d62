import { encryptedColumn } from '#kernel/crypto/encrypted-field'
import type { EncryptedField } from '#kernel/crypto/encrypted-field'
import { keyContext } from './tenant-keys.ts'

/** The encryption context of a request's subject: it can be decrypted for this request only. */
export const subjectContext = (tenantId: string, requestId: string) =>
  `privacy.request-subject:${tenantId}/${requestId}`

export const privacyEncryptedFields: readonly EncryptedField[] = [
  encryptedColumn({
    name: 'privacy.keys',
    table: 'privacy.keys',
    key: ['tenant_id', 'purpose'],
    column: 'sealed',
    context: (tenantId = '', purpose = '') => keyContext(tenantId, purpose),
  }),
  encryptedColumn({
    name: 'privacy.request-subjects',
    table: 'privacy.requests',
    key: ['tenant_id', 'request_id'],
    column: 'subject_sealed',
    context: (tenantId = '', requestId = '') => subjectContext(tenantId, requestId),
  }),
]
