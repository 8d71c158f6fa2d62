import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { readFixture } from './tree.ts'

const root = join(import.meta.dirname, '../..')
const files = readFixture(readFileSync(join(import.meta.dirname, 'lint.tree'), 'utf8')).tree
const folder = mkdtempSync(join(tmpdir(), 'plimsoll-lint-'))
afterAll(() => rmSync(folder, { recursive: true }))

it('the linter reports in each fixture file the rule that the file is named after, and nothing in other files', () => {
  const diagnostics = lint()
  const reported = diagnostics.map(({ filename, rule }) => `${filename} ${rule}`)
  const expected = files
    .map(({ path }) => ({ path, rule: basename(path, '.ts') }))
    .filter(({ rule }) => rule !== 'clean' && rule !== 'index')
    .map(({ path, rule }) => `${path} ${rule}`)
  expect(reported).toEqual(expect.arrayContaining(expected))
  expect(diagnostics.filter(({ filename }) => /\/(clean|index)\.ts$/.test(filename))).toEqual([])
})

/** Lints the fixture as a separate project with our configuration. */
function lint(): { filename: string; rule: string }[] {
  for (const { path, text } of files) {
    mkdirSync(join(folder, dirname(path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const name of ['.oxlintrc.json', 'tsconfig.json', 'package.json'])
    copyFileSync(join(root, name), join(folder, name))
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))
  const { stdout } = spawnSync(join(root, 'node_modules/.bin/oxlint'), ['-f', 'json'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const { diagnostics } = JSON.parse(stdout)
  return diagnostics.map((found: { filename: string; code: string }) => ({
    filename: found.filename,
    rule: found.code.replace(/^.*\((.*)\)$/, '$1'),
  }))
}
