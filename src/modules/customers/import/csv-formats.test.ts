import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { testTenant } from '../../../../test/support/tenant.ts'
import { importFiles } from './import-files.ts'
import { importPaths } from './import-paths.ts'
import { parseMapping } from './parse-mapping.ts'
import { reportLines } from './report.ts'
import type { Rejection } from './report.ts'

const database = await testDatabase()

const NAME = '"Zoë & Søn; ""Café"", €|"'
const lines = (delimiter: string) =>
  ['client_id,client_name,contract_start_date,contract_value', `acme,NAME,2026-01-31,7`, 'bolt,,2026-01-31,7', '']
    .join('\r\n')
    .replaceAll(',', delimiter)
    .replace('NAME', NAME)

const windows1252 = (text: string) => Buffer.from(text.replace('€', '\u0080'), 'latin1')
const utf16be = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le').swap16()

const load = async (content: Buffer, chunkBytes = content.length) => {
  const { ctx, tenantId } = await testTenant(database)
  const rejections: Rejection[] = []
  const chunks = Array.from({ length: Math.ceil(content.length / chunkBytes) }, (_, at) =>
    content.subarray(at * chunkBytes, (at + 1) * chunkBytes),
  )
  const source = { name: 'customers.csv', open: () => Readable.from(chunks, { objectMode: false }) }
  const report = await importFiles(ctx(), [source], { onRejected: (each) => void rejections.push(each) })
  const { rows } = await database.owner.query<{ name: string }>(
    'select client_name as name from customers.customers where tenant_id = $1',
    [tenantId],
  )
  return {
    names: rows.map(({ name }) => name),
    rejected: rejections.map(({ line }) => line),
    text: reportLines(report),
  }
}

describe('a file', () => {
  it.each([
    ['commas in UTF-8', Buffer.from(lines(',')), undefined],
    ['semicolons in UTF-8', Buffer.from(lines(';')), 'UTF-8, cells separated by semicolons'],
    ['tabs in UTF-16', Buffer.from(`\ufeff${lines('\t')}`, 'utf16le'), 'UTF-16, cells separated by tabs'],
    ['vertical bars in big-endian UTF-16', utf16be(lines('|')), 'UTF-16, cells separated by vertical bars'],
    ['commas in UTF-8 with a byte-order mark', Buffer.from(`\ufeff${lines(',')}`), undefined],
    ['semicolons in Windows-1252', windows1252(lines(';')), 'Windows-1252, cells separated by semicolons'],
  ])('with %s is recognised, in pieces too', async (_name, content, words) => {
    for (const chunkBytes of [content.length, 7]) {
      const { names, rejected, text } = await load(content, chunkBytes)
      expect(names).toEqual(['Zoë & Søn; "Café", €|'])
      expect(rejected).toEqual([3])
      expect(text.filter((line) => line.includes('read as'))).toEqual(
        words === undefined ? [] : [`  customers.csv: read as ${words}`],
      )
    }
  })

  it('with a first line that states the delimiter is read from the next line on', async () => {
    const { names, rejected } = await load(Buffer.from(`\ufeffsep=;\r\n${lines(';')}`))
    expect(names).toEqual(['Zoë & Søn; "Café", €|'])
    expect(rejected).toEqual([4])
  })

  it('may have columns without a name, and one twice that no field reads', async () => {
    const { names } = await load(
      Buffer.from('client_id,client_name,contract_start_date,note,note,,\nacme,Acme,2026-01-31,,,,\n'),
    )
    expect(names).toEqual(['Acme'])
  })
})

describe('before anything of it is read', () => {
  const inFolder = async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'plimsoll-import-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const importing = async (given: string, options?: { readonly mapping: string }) => {
      const { ctx } = await testTenant(database)
      return importPaths(ctx(), [given], options)
    }
    return { folder, importing }
  }

  it('a device, also in a folder, and a file that is too large are refused', async () => {
    const { folder, importing } = await inFolder()
    await expect(importing('/dev/zero')).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(/^\/dev\/zero is not a regular file/),
    })
    await expect(importing('/dev/zero', { mapping: '/dev/zero' })).rejects.toMatchObject({ kind: 'invalid' })
    await symlink('/dev/zero', path.join(folder, 'customers.csv'))
    await expect(importing(folder)).rejects.toMatchObject({ message: expect.stringContaining('not a regular file') })
    await writeFile(path.join(folder, 'large'), '')
    await truncate(path.join(folder, 'large'), 5 * 1024 ** 3)
    await expect(importing(path.join(folder, 'large'))).rejects.toMatchObject({
      kind: 'invalid',
      message: 'large has more than 4 GiB. Split it into files of fewer rows.',
    })
  })

  it('a mapping that is too large, a device, or expands without bound is refused', async () => {
    const { folder, importing } = await inFolder()
    const mapping = path.join(folder, 'mapping.yaml')
    await writeFile(path.join(folder, 'customers.csv'), lines(','))
    await writeFile(mapping, ' '.repeat(1024 * 1024 + 1))
    await expect(importing(folder, { mapping })).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringContaining('more than 1 MiB'),
    })
    await expect(importing(folder, { mapping: '/dev/zero' })).rejects.toMatchObject({
      kind: 'invalid',
      message: expect.stringMatching(/^The mapping \/dev\/zero is not a regular file.*Built-in mappings: /),
    })
  })

  it.each([
    ['aliases of aliases', bomb()],
    ['an alias of nothing', 'name: *nothing'],
    ['sequences in each other', '['.repeat(50_000)],
    ['a sequence that holds itself', 'name: &a [*a]'],
  ])('a mapping with %s is refused', (_name, text) => {
    expect(() => parseMapping(text, 'm.yaml')).toThrow(/^m\.yaml is not (valid YAML: |a mapping)/)
  })
})

/** YAML of a few hundred bytes that stands for nine to the power of ten nodes. */
function bomb(): string {
  const names = 'abcdefghij'.split('')
  const steps = names.map(
    (name, at) =>
      `${name}: &${name} [${Array(9)
        .fill(at === 0 ? 'x' : `*${names[at - 1]}`)
        .join()}]`,
  )
  return steps.join('\n')
}
