import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalJson } from '#kernel/crypto/canonical-json'
import { createKeyring } from '#kernel/crypto/keyring'
import { exportLines } from '../chain/export-lines.ts'
import type { StoredBlock } from '../store/chain.ts'
import { NO_BLOCK_HASH, blockHash, hashOf } from '../chain/record.ts'
import type { ChainEvent } from '../chain/record.ts'
import { blockSigner } from '../chain/signing-key.ts'
import type { Problem } from './report.ts'
import { verifyLines } from './verify-lines.ts'

const NOW = new Date('2026-11-21T03:00:00Z')
const signer = blockSigner(createKeyring([Buffer.alloc(32, 'tamper test')]))
const chain = chainOf([3, 1, 4, 2])
const lines = await linesOf(chain)
const lineOfBlock = (number: number) =>
  lines.findIndex((line) => line.includes('"type":"block"') && line.includes(`"number":${number},`))

describe('an untouched export', () => {
  it('verifies, and tells the head', async () => {
    const report = await verify(lines.join(''))
    expect(report).toMatchObject({
      ok: true,
      blocks: 4,
      events: 10,
      head: { number: 4, hash: chain.at(-1)?.block.hash },
    })
  })

  it('verifies however it is cut into chunks', async () => {
    const bytes = Buffer.from(lines.join(''))
    const report = await verifyLines(
      (async function* () {
        for (let at = 0; at < bytes.length; at += 7) yield bytes.subarray(at, at + 7)
      })(),
    )
    expect(report.ok).toBe(true)
  })
})

describe('whoever alters an export is found, and what they did is named', () => {
  const cases: readonly [string, () => string, Partial<Problem>][] = [
    [
      'a byte of an event',
      () => change(lineOfBlock(3) + 2, (line) => line.replace('subject 5', 'subject 6')),
      { kind: 'altered_event', block: 3, event: 'aud_005' },
    ],
    [
      'an event that is deleted',
      () => without(lineOfBlock(3) + 2),
      { kind: 'missing_event', block: 3, event: 'aud_005' },
    ],
    [
      'two events that change places',
      () => swap(lineOfBlock(3) + 1, lineOfBlock(3) + 2),
      { kind: 'reordered_events', block: 3, event: 'aud_004' },
    ],
    [
      'an event that is inserted',
      () => insert(lineOfBlock(2) + 1, `${canonicalJson({ type: 'event', ...eventOf(77) })}\n`),
      { kind: 'inserted_event', block: 2, event: 'aud_077' },
    ],
    [
      'an event that is copied',
      () => insert(lineOfBlock(2) + 2, lines[lineOfBlock(2) + 1] ?? ''),
      { kind: 'inserted_event', block: 2, event: 'aud_003' },
    ],
    [
      'an event that is moved to another block',
      () => move(lineOfBlock(1) + 1, lineOfBlock(2) + 1),
      { kind: 'missing_event', block: 1, event: 'aud_000' },
    ],
    ['a block that is deleted', () => withoutBlock(3), { kind: 'missing_block', block: 3 }],
    ['the first block deleted', () => withoutBlock(1), { kind: 'missing_block', block: 1 }],
    ['two blocks that change places', () => swapBlocks(2), { kind: 'reordered_blocks', block: 2 }],
    ['a block that stands twice', () => insert(lineOfBlock(4), blockLines(3).join('')), { kind: 'forked', block: 3 }],
    [
      'a byte of a block',
      () => change(lineOfBlock(2), (line) => line.replace('"event_count":1', '"event_count":2')),
      { kind: 'altered_block', block: 2 },
    ],
    [
      'the hash of a block',
      () => change(lineOfBlock(2), (line) => line.replace(/"hash":"[0-9a-f]/, '"hash":"')),
      { kind: 'unknown_line' },
    ],
    ['the hashes of two blocks that change places', swapHashes, { kind: 'altered_block', block: 2 }],
    [
      'the signature of a block',
      () => change(lineOfBlock(2), (line) => line.replace(/"signature":"../, '"signature":"AA')),
      { kind: 'wrong_signature', block: 2 },
    ],
    [
      'a line that is no JSON',
      () => change(lineOfBlock(2) + 1, (line) => line.replace('{', '')),
      { kind: 'broken_line', block: 2, line: lineOfBlock(2) + 2 },
    ],
    [
      'a line that is cut in half',
      () => change(lineOfBlock(2) + 1, (line) => `${line.slice(0, 20)}\n`),
      { kind: 'broken_line', block: 2 },
    ],
    ['spaces', () => change(lineOfBlock(2) + 1, (line) => line.replace('{', '{ ')), { kind: 'not_canonical' }],
    ['the tenant', () => change(0, (line) => line.replace('acme', 'evil')), { kind: 'wrong_tenant', block: 1 }],
    ['the tail', () => lines.slice(0, lineOfBlock(4)).join(''), { kind: 'truncated' }],
    ['the last line break', () => lines.join('').slice(0, -1), { kind: 'truncated' }],
    ['events that are said to be removed', () => stripped(2), { kind: 'unexplained_removal', block: 2 }],
  ]
  it.each(cases)('%s', async (_name, tampered, expected) => {
    const report = await verify(tampered())
    expect(report.ok).toBe(false)
    expect(report.problems[0]).toMatchObject(expected)
  })

  it('a chain that was rewritten with another key shows another signer, and none of the heads noted before', async () => {
    const forger = blockSigner(createKeyring([Buffer.alloc(32, 'forger')]))
    const forged = (await linesOf(chainOf([3, 1, 4, 2], { signer: forger, from: 20 }))).join('')
    expect((await verify(forged)).ok).toBe(true)
    const head = chain.at(-1)?.block.hash ?? ''
    expect((await verify(forged, { heads: [head] })).problems).toMatchObject([{ kind: 'truncated' }])
    const [{ fingerprint } = { fingerprint: '' }] = (await verify(lines.join(''))).signers
    expect((await verify(forged, { signers: [fingerprint] })).problems[0]).toMatchObject({
      kind: 'unknown_signer',
      block: 1,
    })
  })

  it('a tail cut off with a last line that fits is found by the head noted before, and grown chains pass', async () => {
    const short = (await linesOf(chain.slice(0, 3))).join('')
    const [third, fourth] = [chain[2]?.block.hash ?? '', chain[3]?.block.hash ?? '']
    expect((await verify(short)).ok).toBe(true)
    expect((await verify(short, { heads: [fourth] })).problems).toMatchObject([{ kind: 'truncated' }])
    expect((await verify(lines.join(''), { heads: [third] })).ok).toBe(true)
  })

  it('any single byte that is flipped, lost or added', async () => {
    const bytes = Buffer.from(lines.join(''))
    const place = fc.nat(bytes.length - 1)
    await fc.assert(
      fc.asyncProperty(
        place,
        fc.integer({ min: 1, max: 255 }),
        fc.constantFrom('flip', 'drop', 'add'),
        async (at, by, how) => {
          const value = (bytes[at] ?? 0) ^ by
          const tail = bytes.subarray(how === 'add' ? at : at + 1)
          const tampered = Buffer.concat([bytes.subarray(0, at), Buffer.from(how === 'drop' ? [] : [value]), tail])
          fc.pre(!tampered.equals(bytes))
          expect((await verify(tampered)).ok, `${how} at ${at}`).toBe(false)
        },
      ),
      { numRuns: 500 },
    )
  })

  it('any line that is lost, repeated or moved', async () => {
    const place = fc.nat(lines.length - 1)
    await fc.assert(
      fc.asyncProperty(place, place, fc.constantFrom('drop', 'repeat', 'swap'), async (one, two, how) => {
        fc.pre(how !== 'swap' || one !== two)
        const tampered = how === 'drop' ? without(one) : how === 'swap' ? swap(one, two) : insert(two, lines[one] ?? '')
        expect((await verify(tampered)).ok, `${how} ${one} ${two}`).toBe(false)
      }),
      { numRuns: 300 },
    )
  })
})

function eventOf(n: number): ChainEvent {
  const id = `aud_${String(n).padStart(3, '0')}`
  const at = '2026-11-20T12:00:00.000000Z'
  const who = { tenant_id: 'acme', actor_kind: 'key', actor_id: 'key_1' }
  return {
    ...who,
    id,
    at,
    action: 'test.write',
    subject: `subject ${n}`,
    before: null,
    after: { n, text: 'é\u2028' },
    people: null,
    request_id: 'req',
    outcome: 'success',
  }
}

function chainOf(sizes: readonly number[], { signer: by = signer, from = 0 } = {}): StoredBlock[] {
  let next = from
  let previous_hash = NO_BLOCK_HASH
  return sizes.map((size, at) => {
    const events = Array.from({ length: size }, () => eventOf(next++))
    const entries = events.map((event) => [event.id, hashOf(event)] as const)
    const times = {
      first_event_at: events[0]?.at ?? '',
      last_event_at: events.at(-1)?.at ?? '',
      sealed_at: NOW.toISOString(),
    }
    const made = { number: at + 1, previous_hash, events_hash: hashOf(entries), event_count: size, ...times }
    const head = { tenant_id: 'acme', ...made, public_key: by.publicKey }
    const hash = blockHash(head)
    previous_hash = hash
    return { block: { ...head, hash, signature: by.sign(hash) }, entries, events }
  })
}

async function linesOf(blocks: readonly StoredBlock[]): Promise<string[]> {
  const next = (after: number) => Promise.resolve(blocks.find(({ block }) => block.number === after + 1))
  const made: string[] = []
  for await (const line of exportLines('acme', NOW, { first: 1, until: null }, next)) made.push(line)
  return made
}

async function verify(text: string | Buffer, options = {}) {
  return verifyLines(
    (async function* () {
      yield Buffer.from(text)
    })(),
    options,
  )
}

const change = (at: number, how: (line: string) => string) => lines.with(at, how(lines[at] ?? '')).join('')
const without = (at: number) => lines.toSpliced(at, 1).join('')
const insert = (at: number, line: string) => lines.toSpliced(at, 0, line).join('')
const swap = (one: number, two: number) =>
  lines
    .with(one, lines[two] ?? '')
    .with(two, lines[one] ?? '')
    .join('')
const move = (from: number, to: number) =>
  lines
    .toSpliced(to, 0, lines[from] ?? '')
    .toSpliced(from, 1)
    .join('')

function blockLines(number: number): string[] {
  const from = lineOfBlock(number)
  const to = number === chain.length ? lines.length - 1 : lineOfBlock(number + 1)
  return lines.slice(from, to)
}

const withoutBlock = (number: number) => lines.toSpliced(lineOfBlock(number), blockLines(number).length).join('')

function swapBlocks(first: number): string {
  const [one, two] = [blockLines(first), blockLines(first + 1)]
  return lines.toSpliced(lineOfBlock(first), one.length + two.length, ...two, ...one).join('')
}

function swapHashes(): string {
  const [two, three] = [chain[1]?.block.hash ?? '', chain[2]?.block.hash ?? '']
  const swapped = change(lineOfBlock(2), (line) => line.replace(`"hash":"${two}"`, `"hash":"${three}"`))
  return swapped.replace(`"hash":"${three}","number":3`, `"hash":"${two}","number":3`)
}

/** Removes a block's events as retention does, without the retention event. */
function stripped(number: number): string {
  const block = { ...chain[number - 1]?.block, type: 'block', events: null }
  return lines.toSpliced(lineOfBlock(number), blockLines(number).length, `${canonicalJson(block)}\n`).join('')
}
