import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { runnableBy } from './program-copy.ts'

const SOMEBODY = { uid: 65534, gid: 65534 }
const PROGRAM = '#!/bin/sh\nexit 0\n'

describe.skipIf(process.getuid?.() !== 0)('as root, the programs of a closed package', async () => {
  const root = await mkdtemp(path.join(tmpdir(), 'plimsoll-programs-'))
  await chmod(root, 0o755)
  afterAll(() => rm(root, { recursive: true, force: true }))
  let home = ''
  let place = ''
  const programs = () => ({ initdb: path.join(home, 'bin/initdb'), postgres: path.join(home, 'bin/postgres') })
  beforeEach(async () => {
    const closed = await mkdtemp(path.join(root, 'package-'))
    home = path.join(closed, 'native')
    place = path.join(await mkdtemp(path.join(root, 'place-')), 'copies')
    await chmod(path.dirname(place), 0o755)
    await mkdir(path.join(home, 'bin'), { recursive: true, mode: 0o700 })
    await mkdir(path.join(home, 'lib'), { mode: 0o700 })
    for (const file of Object.values(programs())) await writeFile(file, PROGRAM, { mode: 0o700 })
    await writeFile(path.join(home, 'lib/libpq.so.5'), 'code', { mode: 0o600 })
    await symlink('libpq.so.5', path.join(home, 'lib/libpq.so'))
    await publish('1.0.0')
  })
  const publish = (version: string) => writeFile(path.join(home, '../package.json'), JSON.stringify({ version }))

  it('are copied once for everybody to run, and again with the next version', async () => {
    const first = await runnableBy(SOMEBODY, programs(), [place])
    expect(path.dirname(path.dirname(path.dirname(first.postgres)))).toBe(place)
    const library = path.join(first.initdb, '../../lib/libpq.so')
    expect((await stat(first.initdb)).mode & 0o777).toBe(0o755)
    expect((await stat(library)).mode & 0o777).toBe(0o644)
    expect(await readlink(library)).toBe('libpq.so.5')
    expect(await runnableBy(SOMEBODY, programs(), [place])).toEqual(first)
    await publish('1.0.1')
    expect(await runnableBy(SOMEBODY, programs(), [place])).not.toEqual(first)
    expect((await stat(path.dirname(home))).mode & 0o777).toBe(0o700)
  })

  it('are copied by several starts at once', async () => {
    const copies = await Promise.all([1, 2, 3].map(() => runnableBy(SOMEBODY, programs(), [place])))
    expect(new Set(copies.map(({ postgres }) => postgres)).size).toBe(1)
    expect(await readdir(place)).toHaveLength(1)
  })

  it('are copied again where the copy is not whole, and what a killed process left there is removed', async () => {
    const first = await runnableBy(SOMEBODY, programs(), [place])
    await rm(path.join(first.postgres, '../../lib'), { recursive: true })
    await mkdir(`${path.resolve(first.postgres, '../..')}.999999999.0123abcd`)
    expect(await runnableBy(SOMEBODY, programs(), [place])).toEqual(first)
    expect(await readFile(path.join(first.postgres, '../../lib/libpq.so'), 'utf8')).toBe('code')
    expect(await readdir(place)).toHaveLength(1)
  })

  it('are copied to the next place where the first is in somebody else’s hands', async () => {
    const theirs = path.join(path.dirname(place), 'theirs')
    await mkdir(theirs)
    await chown(theirs, SOMEBODY.uid, SOMEBODY.gid)
    const linked = path.join(path.dirname(place), 'linked')
    await symlink(theirs, linked)
    expect((await runnableBy(SOMEBODY, programs(), [theirs, linked, place])).postgres).toContain(place)
    expect(await readdir(theirs)).toEqual([])
    await expect(runnableBy(SOMEBODY, programs(), [theirs])).rejects.toThrow(/Move the project to a folder/)
  })

  it('stay where they are when everybody may enter', async () => {
    for (const folder of [path.dirname(home), home, path.join(home, 'bin')]) await chmod(folder, 0o755)
    expect(await runnableBy(SOMEBODY, programs(), [place])).toEqual(programs())
    await expect(stat(place)).rejects.toThrow(/ENOENT/)
  })
})
