import type { Ctx } from '../context.ts'
import type { AuditTrail } from './trail.ts'

/** A call of somebody else's service. */
export interface VendorCall {
  /** `smtp`, `aws-secrets-manager`, `zendesk`. */
  readonly vendor: string
  /** `send-mail`, `GET /tickets`: no ids, no queries. */
  readonly operation: string
  /** What the call is about, if anything: an id. */
  readonly subject?: string
}

/** Makes the call and notes how it ended: who had it made, which service, which operation, never what was said. */
export async function vendorCall<T>(
  trail: Pick<AuditTrail, 'note'>,
  who: Pick<Ctx, 'tenantId' | 'actor' | 'requestId'>,
  { vendor, operation, subject = '*' }: VendorCall,
  call: () => Promise<T>,
): Promise<T> {
  const { tenantId, actor, requestId } = who
  const note = (outcome: 'success' | 'failure') =>
    trail.note({ tenantId, actor, requestId, action: `vendor.${vendor}.${operation}`, subject, outcome })
  try {
    const result = await call()
    note('success')
    return result
  } catch (error) {
    note('failure')
    throw error
  }
}
