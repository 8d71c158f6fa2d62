import { execFileSync } from 'node:child_process'
import os from 'node:os'

/** The machine and the commit, for the head of the report: figures compare only on equal machines. */
export function describeMachine(now: Date): readonly (readonly [string, string])[] {
  const cpus = os.cpus()
  return [
    ['date', now.toISOString()],
    ['cpu', `${cpus[0]?.model.trim() ?? 'unknown'}, ${cpus.length} cores`],
    ['memory', `${(os.totalmem() / 2 ** 30).toFixed(1)} GiB`],
    ['kernel', `${os.type()} ${os.release()} ${os.arch()}`],
    ['node', process.version],
    ['commit', commit()],
    [
      'load average at the start',
      os
        .loadavg()
        .map((load) => load.toFixed(2))
        .join(' '),
    ],
  ]
}

function commit(): string {
  try {
    const run = (...args: string[]) =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
    return `${run('rev-parse', '--short', 'HEAD').trim()}${run('status', '--porcelain', 'src').trim() === '' ? '' : ' with changes'}`
  } catch {
    return 'unknown'
  }
}
