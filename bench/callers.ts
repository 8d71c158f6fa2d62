import type { Sample } from './measure.ts'

/** A load of `callers` concurrent callers in this process, each sending its next call as soon as one is answered. */
export async function callersInALoop(
  callers: number,
  seconds: number,
  call: (n: number) => Promise<unknown>,
): Promise<Sample> {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1000
  let count = 0
  const caller = async () => {
    while (performance.now() < endsAt) await call(count++)
  }
  await Promise.all(Array.from({ length: callers }, caller))
  const { user, system } = process.cpuUsage(cpu)
  return { perSecond: (count * 1000) / (performance.now() - startedAt), cpuMicroseconds: (user + system) / count }
}
