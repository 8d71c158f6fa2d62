#!/usr/bin/env node
// Runs the command line under the pinned Node, whatever Node started this file.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'

const at = (path) => fileURLToPath(new URL(path, import.meta.url))
const pinned = [at('../node_modules/node/bin/node'), at('../../node/bin/node')].find(existsSync)
if (pinned === undefined) {
  console.error('plimsoll: the pinned Node is not installed. Run `npm ci` (or `npm start` once) first.')
  process.exit(1)
}

const child = spawn(pinned, [at('../src/cli/main.ts'), ...process.argv.slice(2)], { stdio: 'inherit' })
// Ctrl-C reaches the child by itself, from the terminal; SIGTERM comes to this process alone.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => child.kill('SIGTERM'))
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]))
