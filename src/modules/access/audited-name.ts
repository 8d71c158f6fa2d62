import { freeText } from '#kernel/audit'
import type { Ctx } from '#kernel/context'

/** What has a name, as the audit trail keeps it: its maker may have called it as a person is. `record` is `key:key_1`. */
export function auditedName({ clock }: Ctx, record: string, named: { readonly name: string }) {
  return { ...named, name: freeText(record, clock(), named.name) }
}
