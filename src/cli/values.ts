import { InvalidArgumentError } from 'commander'
import { TenantId } from '../modules/access/index.ts'

/** Checks a tenant's id as an option gives it. */
export function tenantId(text: string): string {
  const parsed = TenantId.safeParse(text)
  if (parsed.success) return parsed.data
  throw new InvalidArgumentError(`Expected ${parsed.error.issues[0]?.message ?? 'a tenant id'}.`)
}

/** `a,b` as an option gives a list. */
export const words = (text: string): string[] => text.split(',')

export const day = (date: Date | null): string => date?.toISOString().slice(0, 16).replace('T', ' ') ?? '-'
