import { freeText } from '#kernel/audit'
import type { Ctx } from '#kernel/context'

/** A named record for the audit trail; its name is free text and may contain personal data. `record` is `key:key_1`. */
export function auditedName({ clock }: Ctx, record: string, named: { readonly name: string }) {
  return { ...named, name: freeText(record, clock(), named.name) }
}
