import { freeText, personal } from '#kernel/audit'
import type { Ctx } from '#kernel/context'

/** What a caller writes as they please: a customer, or who looks after it, may well be called as a person is. */
const FREE_TEXT = ['client_name', 'company_name', 'industry', 'csm_assigned'] as const

interface Whose {
  readonly clientId: string
  readonly contactId: string | null
}

/**
 * A client record, or some of its fields, as the audit trail keeps it: what is about the primary contact is encrypted
 * under that person's key, and free text under one of the record's. Without a contact the trail leaves the contact out.
 */
export function auditedRecord(
  { clock }: Pick<Ctx, 'clock'>,
  record: Readonly<Record<string, unknown>>,
  { clientId, contactId }: Whose,
): Readonly<Record<string, unknown>> {
  const ofContact = Object.entries(record).filter(([name]) => name.startsWith('primary_contact_'))
  const text = FREE_TEXT.filter((name) => record[name] !== undefined)
  return {
    ...record,
    ...Object.fromEntries(text.map((name) => [name, freeText(`customer:${clientId}`, clock(), record[name])])),
    ...(contactId !== null &&
      Object.fromEntries(ofContact.map(([name, value]) => [name, personal(`contact:${contactId}`, value)]))),
  }
}
