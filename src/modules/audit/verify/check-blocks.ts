import type { BlockLine } from '../chain/export-lines.ts'
import { NO_BLOCK_HASH, blockHash, hashOf } from '../chain/record.ts'
import { fingerprint, isSigned } from '../chain/signing-key.ts'
import type { Problem, ProblemList } from './report.ts'

/** Checks one block: its tenant, hashes and signature. */
export function checkBlock(
  block: BlockLine,
  line: number,
  { tenantId, signers }: { readonly tenantId: string | undefined; readonly signers: readonly string[] },
  problems: ProblemList,
): void {
  const at = { line, block: block.number }
  if (block.tenant_id !== tenantId) {
    const message = `block ${block.number} is of the tenant ${block.tenant_id}, and the export of ${tenantId ?? 'nobody'}`
    problems.add({ kind: 'wrong_tenant', ...at, message })
  }
  const entries = block.events
  if (entries !== null && (entries.length !== block.event_count || hashOf(entries) !== block.events_hash)) {
    const message = `block ${block.number} was altered: its list of events is not the one that was sealed`
    problems.add({ kind: 'altered_block', ...at, message })
  }
  if (blockHash(block) !== block.hash) {
    const message = `block ${block.number} was altered: its hash is not that of its contents`
    problems.add({ kind: 'altered_block', ...at, message })
    return
  }
  if (!isSigned(block.public_key, block.hash, block.signature)) {
    const message = `block ${block.number} is not signed by the key it names`
    problems.add({ kind: 'wrong_signature', ...at, message })
  } else if (signers.length > 0 && !signers.includes(fingerprint(block.public_key))) {
    const message = `block ${block.number} is signed by ${fingerprint(block.public_key)}, which is none of the expected keys`
    problems.add({ kind: 'unknown_signer', ...at, message })
  }
}

/** Checks that each block follows the one before it. `first` is the number of the first block, from the header. */
export function chainOrder(problems: ProblemList) {
  const seen = new Set<number>()
  const gaps: { readonly from: number; readonly to: number; readonly problem: Problem }[] = []
  let last: { readonly number: number; readonly hash: string } | undefined
  return {
    follow(block: BlockLine, line: number, first: number): void {
      const expected = last === undefined ? first : last.number + 1
      const { number } = block
      const at = { line, block: number }
      if (seen.has(number)) {
        problems.add({ kind: 'forked', ...at, message: `block ${number} is there twice: the chain forks` })
      } else if (number < expected) {
        const gap = gaps.find(({ from, to }) => from <= number && number <= to)
        const message = `block ${number} stands after block ${expected - 1}: they were reordered`
        if (gap === undefined) problems.add({ kind: 'reordered_blocks', ...at, message })
        else Object.assign(gap.problem, { kind: 'reordered_blocks', message })
      } else if (number > expected) {
        const missing = number - 1 === expected ? `block ${expected} is` : `blocks ${expected} to ${number - 1} are`
        const message = `${missing} missing before block ${number}`
        const problem = problems.add({ kind: 'missing_block', line, block: expected, message })
        gaps.push({ from: expected, to: number - 1, problem })
      } else if (last !== undefined || number === 1) {
        const before = last?.hash ?? NO_BLOCK_HASH
        if (block.previous_hash !== before) {
          const message = `block ${number} does not follow block ${number - 1}: it names another hash before it, so the chain was forked or rewritten here`
          problems.add({ kind: 'forked', ...at, message })
        }
      }
      seen.add(number)
      if (last === undefined || number > last.number) last = { number, hash: block.hash }
    },
  }
}
