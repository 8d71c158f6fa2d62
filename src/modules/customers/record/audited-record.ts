import { freeText, personal } from '#kernel/audit'
import type { Ctx } from '#kernel/context'

/** Free-text fields; a customer or its account manager may bear a person's name. */
const FREE_TEXT = ['client_name', 'company_name', 'industry', 'csm_assigned'] as const

interface RecordSubjects {
  readonly clientId: string
  readonly contactId: string | null
}

/**
 * A client record, or some of its fields, for the audit trail: fields about the primary contact are encrypted under
 * that person's key, free text under the record's key. Without a contact the contact fields are left out.
 */
export function auditedRecord(
  { clock }: Pick<Ctx, 'clock'>,
  record: Readonly<Record<string, unknown>>,
  { clientId, contactId }: RecordSubjects,
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
