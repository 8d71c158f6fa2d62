import { personal } from '#kernel/audit'

/**
 * A client record, or some of its fields, as the audit trail keeps it: what is about the primary contact is encrypted
 * under that person's key. Without a contact the trail leaves it out.
 */
export function auditedRecord(
  record: Readonly<Record<string, unknown>>,
  contactId: string | null,
): Readonly<Record<string, unknown>> {
  if (contactId === null) return record
  const ofContact = Object.entries(record).filter(([name]) => name.startsWith('primary_contact_'))
  return {
    ...record,
    ...Object.fromEntries(ofContact.map(([name, value]) => [name, personal(`contact:${contactId}`, value)])),
  }
}
