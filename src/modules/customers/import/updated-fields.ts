import { entities } from './entities.ts'
import type { Entity } from './entities.ts'
import type { Load, Mapping } from './mapping.ts'

/** What `derive_contract_value` computes from contracts, so that the file of customers must not reset it. */
const DERIVED = ['contract_value', 'contract_end_date', 'renewal_date', 'seats']

/**
 * The fields that a later import of the load updates: those that its file owns. A file owns what it has a column for,
 * except its key, what the mapping keeps or derives, and what only the product changes. None if rows are never updated.
 */
export function updatedFields({ loads }: Pick<Mapping, 'loads'>, load: Load): readonly string[] {
  const entity: Entity = entities[load.entity]
  if (!isUpdating(load)) return []
  const isDerived = load.entity === 'customer' && loads.some((each) => each.derive_contract_value)
  const kept = [entity.key, ...(entity.setOnce ?? []), ...load.keep, ...(isDerived ? DERIVED : [])]
  return Object.keys(load.fields).filter((name) => !kept.includes(name))
}

export function isUpdating({ entity, stored }: Load): boolean {
  return stored === undefined ? entities[entity].isUpdatable : stored === 'update'
}
