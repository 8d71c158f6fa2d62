import { fromCents } from './money.ts'
import type { ClientRecord } from '../accounts/contract.ts'
import type { CustomerRow } from './store/customers.ts'

/** A stored customer in the tools' words: decimal money, ISO instants. */
export function clientRecord(row: CustomerRow): ClientRecord {
  const { contract_value_cents, seats, last_engagement_at, created_at, updated_at, ...same } = row
  return {
    ...same,
    churn_probability: same.churn_probability === null ? null : Math.round(same.churn_probability * 1000) / 1000,
    contract_value: fromCents(contract_value_cents),
    users_provisioned: seats,
    last_engagement_at: last_engagement_at?.toISOString() ?? null,
    created_at: created_at.toISOString(),
    updated_at: updated_at.toISOString(),
  }
}

/** Cache tags of what is shown about one customer, and about lists of them. */
export const clientTag = (clientId: string) => `customers:client:${clientId}`
export const CLIENTS_TAG = 'customers:clients'
/** Of everything that shows computed health, for when all of it is computed anew. */
export const HEALTH_TAG = 'customers:health'
