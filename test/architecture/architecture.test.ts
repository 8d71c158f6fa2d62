import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Guard } from './guard.ts'
import { readFixture, readTree } from './tree.ts'

const here = import.meta.dirname
const tree = readTree(join(here, '../..'))
const guards = await findGuards()

describe.each(guards)('$rule', (guard) => {
  it('finds something to check', () => {
    expect(guard.look(tree).subjects).toBeGreaterThan(0)
    expect(guard.look([]).subjects).toBe(0)
  })

  it('holds', () => {
    expect(guard.look(tree).offences.map(({ path, why }) => `${path}: ${why}`)).toEqual([])
  })

  it('reports exactly the violations in its fixture', () => {
    const fixture = readFixture(readFileSync(join(here, 'fixtures', `${guard.fixture}.tree`), 'utf8'))
    const reported = new Set(guard.look(fixture.tree).offences.map(({ path }) => path))
    expect(fixture.offending).not.toEqual([])
    expect([...reported].toSorted()).toEqual([...new Set(fixture.offending)].toSorted())
  })
})

it('every fixture belongs to a guard', () => {
  const fixtures = readdirSync(join(here, 'fixtures')).map((name) => name.replace(/\.tree$/, ''))
  expect(fixtures.toSorted()).toEqual(guards.map((guard) => guard.fixture).toSorted())
})

/** Every export of the files in guards/ is a guard. */
async function findGuards(): Promise<Guard[]> {
  const files = readdirSync(join(here, 'guards'))
  const loaded = await Promise.all(
    files.map((file) => import(join(here, 'guards', file)) as Promise<Record<string, Guard>>),
  )
  return loaded.flatMap((exported) => Object.values(exported))
}
