import type { BlockLine } from '../chain/export-lines.ts'
import { hashOf } from '../chain/record.ts'
import { fingerprint } from '../chain/signing-key.ts'
import { chainOrder, checkBlock } from './check-blocks.ts'
import { checkEvents } from './check-events.ts'
import type { FoundEvent } from './check-events.ts'
import { lineOf } from './line-shapes.ts'
import type { EndShape, HeaderShape } from './line-shapes.ts'
import { removals } from './removals.ts'
import { inFileOrder } from './report.ts'
import type { ProblemList, VerifyReport } from './report.ts'

/** Checks the lines of an export in order, and adds every problem to its `ProblemList`. */
export interface ChainReader {
  /** The block whose events are being read. */
  readonly block: number | undefined
  /** `sha256` returns the hash of all bytes before this line. */
  take(value: unknown, line: number, sha256: () => string): void
  /** Each of `heads` must be the hash of a block that was read. */
  finish(lines: number, heads: readonly string[]): VerifyReport
}

interface OpenBlock {
  readonly block: BlockLine
  readonly line: number
  readonly found: FoundEvent[]
}

/** `signers` are the fingerprints of the keys that are accepted; with none, any key is. */
export function chainReader(signers: readonly string[], problems: ProblemList): ChainReader {
  const order = chainOrder(problems)
  const removed = removals()
  const read = tally()
  let header: HeaderShape | undefined
  let current: OpenBlock | undefined
  let isEnded = false

  const closeBlock = (): void => {
    if (current !== undefined) checkEvents(current.block, current.line, current.found, problems)
    current = undefined
  }
  const takeBlock = (block: BlockLine, line: number): void => {
    closeBlock()
    checkBlock(block, line, { tenantId: header?.tenant_id, signers }, problems)
    order.follow(block, line, header?.first_block ?? 1)
    if (block.events === null) removed.addBlock(block, line)
    read.block(block)
    current = { block, line, found: [] }
  }
  const takeEvent = (id: string, event: object, line: number): void => {
    read.event()
    removed.addEvent(event, current?.block)
    if (current !== undefined) current.found.push({ id, hash: hashOf(event), line })
    else problems.add({ kind: 'inserted_event', line, event: id, message: `event ${id} stands before any block` })
  }
  const takeEnd = (end: EndShape, line: number, sha256: string): void => {
    closeBlock()
    isEnded = true
    const message = read.difference(end) ?? (end.sha256 === sha256 ? undefined : CHECKSUM_MISMATCH)
    if (message !== undefined) problems.add({ kind: 'altered_file', line, message })
  }
  return {
    get block() {
      return current?.block.number
    },
    take(value, line, sha256) {
      const found = lineOf(value)
      if (isEnded) problems.add({ kind: 'altered_file', line, message: `line ${line} stands after the end` })
      else if (found.type === 'block') takeBlock(found, line)
      else if (found.type === 'end') takeEnd(found, line, sha256())
      else if (found.type === 'event') takeEvent(found.id, withoutType(value), line)
      else if (found.type === 'header' && line === 1) header = found
      else {
        const why = found.type === 'unknown' ? ` (${found.why})` : ' in this place'
        problems.add({ kind: 'unknown_line', line, message: `line ${line} is not a line of an export${why}` })
      }
    },
    finish(lines, heads) {
      closeBlock()
      requireComplete({ header, isEnded, lines, missingHeads: heads.filter((hash) => !read.has(hash)) }, problems)
      const notes = [...partialExportNotes(header), ...removed.finish(header?.until ?? null, problems)]
      const of = { tenantId: header?.tenant_id, firstBlock: header?.first_block, removedBlocks: removed.count, notes }
      const { problems: found, count: problemCount } = problems
      return { ok: problemCount === 0, ...of, ...read.summary(), problems: inFileOrder(found), problemCount }
    },
  }
}

/** Notes on what a partial export does not prove. The header is not signed: anybody could have cut blocks off. */
function partialExportNotes(header: HeaderShape | undefined): readonly string[] {
  if (header === undefined) return []
  const { first_block: first, until } = header
  return [
    ...(first > 1 ? [`this is a part of the chain: it proves nothing about the blocks before ${first}`] : []),
    ...(until === null ? [] : [`this is a part of the chain: it proves nothing about blocks sealed from ${until} on`]),
  ]
}

const CHECKSUM_MISMATCH = 'the file was changed after the export: its SHA-256 is not the one in its last line'

/** The counts, hashes and signers of the blocks read so far. */
function tally() {
  const hashes = new Set<string>()
  const signers = new Map<string, number>()
  let head: VerifyReport['head']
  let blocks = 0
  let events = 0
  return {
    block({ number, hash, public_key }: BlockLine): void {
      blocks += 1
      hashes.add(hash)
      head = { number, hash }
      const signer = fingerprint(public_key)
      if (!signers.has(signer)) signers.set(signer, number)
    },
    event: (): void => void (events += 1),
    has: (hash: string) => hashes.has(hash),
    /** How the last line differs from what was read. */
    difference(end: EndShape): string | undefined {
      if (end.blocks === blocks && end.events === events && end.head === (head?.hash ?? null)) return undefined
      return `the last line states ${end.blocks} blocks, ${end.events} events and the head ${end.head}; the file has ${blocks}, ${events} and ${head?.hash ?? null}`
    },
    summary: () => ({
      blocks,
      events,
      head,
      signers: [...signers].map(([key, fromBlock]) => ({ fingerprint: key, fromBlock })),
    }),
  }
}

/** The event of an unparsed line: a schema could drop fields that the hash covers. */
function withoutType(value: unknown): object {
  // safe because: the line was found to be an object with a type.
  const { type: _type, ...event } = value as Record<string, unknown>
  return event
}

function requireComplete(
  file: {
    readonly header: HeaderShape | undefined
    readonly isEnded: boolean
    readonly lines: number
    readonly missingHeads: readonly string[]
  },
  problems: ProblemList,
): void {
  const { header, isEnded, lines: line, missingHeads } = file
  if (header === undefined) {
    problems.add({ kind: 'unknown_line', line: 1, message: 'the file does not begin with the header of an export' })
  }
  if (!isEnded) problems.add({ kind: 'truncated', line, message: 'the last line is missing: the tail is cut off' })
  for (const hash of missingHeads) {
    const message = `the expected block ${hash} is not in this chain: its tail is cut off, or it was rewritten`
    problems.add({ kind: 'truncated', line, message })
  }
}
