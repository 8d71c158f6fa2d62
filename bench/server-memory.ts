import { readFileSync } from 'node:fs'
import type pg from 'pg'

/** A running measurement of PostgreSQL's memory. `stop` returns the peak of the backends' private memory in MiB. */
export interface MemoryWatch {
  stop(): Promise<number>
}

const SAMPLE_MILLISECONDS = 50

/** Samples the anonymous memory of every backend, parallel workers included; shared memory is not counted. */
export function watchServerMemory(pool: pg.Pool): MemoryWatch {
  let peak = 0
  let sampling = Promise.resolve()
  const sample = async () => {
    const { rows } = await pool.query<{ pid: number }>(
      `select pid from pg_stat_activity where backend_type in ('client backend', 'parallel worker') and pid <> pg_backend_pid()`,
    )
    peak = Math.max(
      peak,
      rows.reduce((sum, { pid }) => sum + anonymousMebibytes(pid), 0),
    )
  }
  const timer = setInterval(() => {
    sampling = sampling.then(sample)
  }, SAMPLE_MILLISECONDS)
  return {
    stop: async () => {
      clearInterval(timer)
      await sampling
      return peak
    },
  }
}

function anonymousMebibytes(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    // Safe because: a backend that ended since it was listed has no memory.
    return 0
  }
}
