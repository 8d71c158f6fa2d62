// Makes node_modules match package-lock.json. Runs before `npm start` and `npm test`, so it must work on Node 20 without
// any package installed, and be instant when nothing has changed.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const stampFile = join(root, 'node_modules', '.plimsoll-lock')

const lockText = readText('package-lock.json')
if (lockText === undefined) stop('package-lock.json is missing. Check the clone: `git checkout package-lock.json`.')
const lockHash = createHash('sha256').update(lockText).digest('hex')

if (readText('node_modules/.plimsoll-lock') !== lockHash) {
  if (!isInstalled(JSON.parse(lockText))) install()
  writeFileSync(stampFile, lockHash)
}

function install() {
  const { dependencies } = JSON.parse(readText('package.json') ?? '{}')
  const pinned = dependencies?.node
  const ownMajor = Number(process.versions.node.split('.')[0])
  // npm leaves out optional packages whose engines do not match the Node that npm itself runs on.
  const command =
    ownMajor < Number(pinned.split('.')[0]) ? ['npx', '-y', '-p', `node@${pinned}`, 'npm', 'ci'] : ['npm', 'ci']
  console.error(`plimsoll: installing dependencies (${command.join(' ')}), once; about half a minute …`)
  const started = Date.now()
  const { status, error } = spawnSync(command[0], [...command.slice(1), '--no-audit', '--no-fund'], {
    cwd: root,
    // An inherited omit or production flag would leave out the compiler and the test runner.
    env: { ...process.env, NODE_ENV: 'development', npm_config_omit: '', npm_config_loglevel: 'error' },
    stdio: ['ignore', 2, 2],
    shell: process.platform === 'win32',
  })
  if (error) stop(`cannot run ${command[0]}: ${error.message}. Install Node.js 20 or newer, with npm.`)
  if (status !== 0) {
    stop(
      `\`${command.join(' ')}\` failed (exit ${status}); npm says why above.\n` +
        '  No network, or a proxy? See `npm config get registry` and `npm ping`.\n' +
        '  Lock file out of step? It must come from the same commit as package.json.\n' +
        '  Disk full? About 700 MB are needed. Then run the command again.',
    )
  }
  console.error(`plimsoll: installed in ${((Date.now() - started) / 1000).toFixed(0)} s`)
}

/** Whether npm's record of installed packages agrees with the lock file, as after `npm install some-package`. */
function isInstalled(lock) {
  const record = readText('node_modules/.package-lock.json')
  if (record === undefined) return false
  const installed = JSON.parse(record).packages
  return Object.entries(lock.packages).every(([path, wanted]) => {
    if (path === '') return true
    const found = installed[path]
    return found === undefined ? !isForThisMachine(wanted) : found.version === wanted.version
  })
}

/** False for an optional package of another platform, which npm omits together with the packages that only it needs. */
function isForThisMachine({ optional, os, cpu, libc }) {
  if (!optional) return true
  if (!os && !cpu) return false
  return matches(os, process.platform) && matches(cpu, process.arch) && matches(libc, ownLibc())
}

function ownLibc() {
  if (process.platform !== 'linux') return undefined
  return process.report.getReport().header.glibcVersionRuntime ? 'glibc' : 'musl'
}

/** npm's rule for `os`, `cpu` and `libc`: a list of names, or of names excluded by `!`. */
function matches(list, value) {
  if (!list || list.includes('any')) return true
  if (list.includes(`!${value}`)) return false
  return list.includes(value) || list.every((entry) => entry.startsWith('!'))
}

function readText(path) {
  const file = join(root, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}

function stop(message) {
  console.error(`plimsoll: ${message}`)
  process.exit(1)
}
