import { change } from '#kernel/writes/change'
import type { WriteCtx } from '#kernel/writes/change'
import { Failure } from '#kernel/failure'
import { customerEvents } from '../domain-events.ts'
import { toCents } from '../record/money.ts'
import { auditedRecord } from '../record/audited-record.ts'
import { customerTags } from '../record/cache-tags.ts'
import { clientRecord } from '../record/client-record.ts'
import type { ClientRecord } from '../record/client-record.ts'
import { UpdateClientInfoInput, UpdateClientInfoOutput } from './contract.ts'
import { setPrimaryContact } from '../record/store/contacts.ts'
import type { PrimaryContact } from '../record/store/contacts.ts'
import { lockCustomer, saveCustomer } from '../record/store/customers.ts'
import type { CustomerRow } from '../record/store/customers.ts'
import { moveStage } from '../record/store/stage-changes.ts'
import { addTimelineEvent } from '../record/store/timeline.ts'

type Field = keyof UpdateClientInfoInput['updates']

/** Changes fields of one customer. Fields that already have the value are not counted as changed. */
export const updateClientInfo = change({
  action: 'customers.update',
  scope: 'customers:write',
  effect: 'update',
  input: UpdateClientInfoInput,
  output: UpdateClientInfoOutput,
  async work(ctx, { client_id, updates, expected_version }) {
    const before = await lockCustomer(ctx, client_id)
    if (expected_version !== undefined && expected_version !== before.version) {
      throw versionConflict(expected_version, before.version)
    }
    const record = clientRecord(before)
    const { contract_value, ...rest } = updates
    const wanted = {
      ...before,
      ...rest,
      ...(contract_value !== undefined && { contract_value_cents: toCents(contract_value) }),
    }
    // safe because: `rest` holds only fields that were given; a missing one is not spread.
    const next = { ...wanted, ...renewal(before, updates) } as CustomerRow
    if (next.contract_end_date !== null && next.contract_end_date <= next.contract_start_date)
      throw endsBeforeStart(next)

    const fields = changedFields(record, clientRecord(next))
    const { saved, contact } =
      fields.length === 0 ? { saved: before, contact: NO_CONTACT } : await apply(ctx, before, next, fields)
    const previous = Object.fromEntries(fields.map((field) => [field, record[field] ?? null]))
    const after = clientRecord(saved)
    return {
      result: {
        updated_fields: fields,
        updated_record: after,
        audit: { updated_at: after.updated_at, fields_changed: fields.length, previous_values: previous },
      },
      subject: client_id,
      before: auditedRecord(ctx, previous, { clientId: client_id, contactId: contact.before }),
      after: auditedRecord(ctx, Object.fromEntries(fields.map((field) => [field, after[field] ?? null])), {
        clientId: client_id,
        contactId: contact.after,
      }),
      events: fields.length === 0 ? [] : [customerEvents.updated({ client_id, fields })],
      invalidates: [customerTags.client(client_id), customerTags.clients],
    }
  },
})

const NO_CONTACT: PrimaryContact = { before: null, after: null }

async function apply(
  ctx: WriteCtx,
  before: CustomerRow,
  next: CustomerRow,
  fields: readonly Field[],
): Promise<{ readonly saved: CustomerRow; readonly contact: PrimaryContact }> {
  const saved = await saveCustomer(ctx, next)
  const isContact = fields.includes('primary_contact_email') || fields.includes('primary_contact_name')
  const person = { email: next.primary_contact_email, name: next.primary_contact_name }
  const contact = isContact ? await setPrimaryContact(ctx, before.client_id, person) : NO_CONTACT
  await addTimelineEvent(ctx, before.client_id, {
    event_type: 'contract',
    category: 'updated',
    title: `Changed: ${fields.join(', ')}`,
    metadata: { fields },
  })
  if ((before.status === 'churned') === (next.status === 'churned')) return { saved, contact }
  const to = next.status === 'churned' ? 'churned' : 'active'
  await moveStage(ctx, before.client_id, {
    from: before.lifecycle_stage,
    to,
    reason: 'status changed',
    automated: false,
  })
  return { saved: await lockCustomer(ctx, before.client_id), contact }
}

/** The renewal date moves with the contract end if both were on the same day. */
function renewal(before: CustomerRow, updates: UpdateClientInfoInput['updates']): Partial<CustomerRow> {
  const isFollowing = before.renewal_date === null || before.renewal_date === before.contract_end_date
  return updates.contract_end_date !== undefined && isFollowing ? { renewal_date: updates.contract_end_date } : {}
}

const FIELDS: readonly Field[] = [
  'client_name',
  'company_name',
  'industry',
  'tier',
  'contract_value',
  'contract_start_date',
  'contract_end_date',
  'primary_contact_email',
  'primary_contact_name',
  'csm_assigned',
  'status',
]

function changedFields(before: ClientRecord, after: ClientRecord): Field[] {
  return FIELDS.filter((field) => before[field] !== after[field])
}

function versionConflict(expected: number, actual: number): Failure {
  return new Failure('conflict', `The customer has changed: it is at version ${actual}, not ${expected}.`, {
    code: 'VERSION_CONFLICT',
    problems: [{ path: 'expected_version', expected: 'the version you last read', example: actual }],
  })
}

function endsBeforeStart(row: CustomerRow): Failure {
  return new Failure('invalid', 'The contract would end before it starts.', {
    code: 'INVALID_DATE',
    problems: [
      {
        path: 'updates.contract_end_date',
        expected: `a date later than contract_start_date (${row.contract_start_date})`,
      },
    ],
  })
}
