import type { Ctx } from '#kernel/context'
import type { ExportRange } from './export.ts'
import type { Sealer } from './seal.ts'
import type { VerifyOptions } from './verify/verify-lines.ts'
import type { VerifyReport } from './verify/report.ts'

/** The audit chain: sealing, proof, reading, retention. */
export interface Audit extends Sealer {
  /** The chain of a tenant as lines of an export, up to the block that is the last now. */
  exportLines(tenantId: string, range: ExportRange): AsyncGenerator<string>
  /** Verifies what is in the database, as an export of it would be, and that no event stands beside the chain. */
  verify(tenantId: string, options?: VerifyOptions): Promise<VerifyReport>
  /** The last block: whoever keeps its hash can tell later that nothing before it was changed. */
  head(ctx: Ctx): Promise<{ readonly number: number; readonly hash: string } | undefined>
  /** Names the key that seals now, for whoever verifies to expect. */
  signerFingerprint(): string
}
