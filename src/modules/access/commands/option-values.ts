import { invalidValue } from '#kernel/commands/command-values'
import { TenantId } from '../contract.ts'

/** Parses a tenant id given as an option. */
export function tenantId(text: string): string {
  const parsed = TenantId.safeParse(text)
  if (parsed.success) return parsed.data
  throw invalidValue(`Expected ${parsed.error.issues[0]?.message ?? 'a tenant id'}.`)
}

/** Parses a comma-separated list given as an option: `a,b`. */
export const commaList = (text: string): readonly string[] => text.split(',')

export const day = (date: Date | null): string => date?.toISOString().slice(0, 16).replace('T', ' ') ?? '-'
