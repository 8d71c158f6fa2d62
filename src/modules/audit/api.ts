import type { Ctx } from '#kernel/context'
import type { ExportRange } from './export.ts'
import type { Sealer } from './seal.ts'
import type { VerifyOptions } from './verify/verify-lines.ts'
import type { VerifyReport } from './verify/report.ts'

/** The audit chain: sealing, export, verification. */
export interface Audit extends Sealer {
  /** A tenant's chain as lines of an export, up to the block that is the last when it is called. */
  exportLines(tenantId: string, range: ExportRange): AsyncGenerator<string>
  /** Verifies the chain in the database like an export of it, and that no event is outside the chain. */
  verify(tenantId: string, options?: VerifyOptions): Promise<VerifyReport>
  /** The last block. Its hash, kept elsewhere, proves later that no block up to it was changed or removed. */
  head(ctx: Ctx): Promise<{ readonly number: number; readonly hash: string } | undefined>
  /** The fingerprint of the current signing key, for `VerifyOptions.signers`. */
  signerFingerprint(): string
}
