import { createHash } from 'node:crypto'
import { canonicalJson } from '#kernel/crypto/canonical-json'
import { chainReader } from './chain-reader.ts'
import type { ChainReader } from './chain-reader.ts'
import { jsonOf } from './line-shapes.ts'
import { problemList } from './report.ts'
import type { ProblemList, VerifyReport } from './report.ts'
import { splitLines } from './split-lines.ts'
import type { Line } from './split-lines.ts'

export interface VerifyOptions {
  /** Hashes of earlier last blocks: each must still be in the chain. */
  readonly heads?: readonly string[]
  /** Fingerprints of the keys that are accepted; with none, any key is. */
  readonly signers?: readonly string[]
}

/** Verifies an export in one pass over its lines, and reports where the chain is broken. */
export async function verifyLines(
  chunks: AsyncIterable<Uint8Array | string>,
  options: VerifyOptions = {},
): Promise<VerifyReport> {
  const problems = problemList()
  const digest = createHash('sha256')
  const chain = chainReader(options.signers ?? [], problems)
  let lines = 0
  for await (const line of splitLines(chunks)) {
    lines = line.number
    readLine(line, chain, problems, () => digest.copy().digest('hex'))
    digest.update(line.bytes).update('\n')
  }
  return chain.finish(lines, options.heads ?? [])
}

function readLine(line: Line, chain: ChainReader, problems: ProblemList, sha256: () => string): void {
  const at = { line: line.number, ...(chain.block !== undefined && { block: chain.block }) }
  const value = jsonOf(line.text)
  if (!line.isEnded) problems.add({ kind: 'truncated', ...at, message: 'the file ends within a line' })
  if (value === undefined) {
    const where = chain.block === undefined ? '' : `, below block ${chain.block}`
    problems.add({ kind: 'broken_line', ...at, message: `line ${line.number} is not JSON${where}` })
    return
  }
  chain.take(value.json, line.number, sha256)
  if (canonicalJson(value.json) === line.text) return
  problems.add({ kind: 'not_canonical', ...at, message: `line ${line.number} is not written in canonical form` })
}
