import { setTimeout as wait } from 'node:timers/promises'
import { Failure } from '../failure.ts'
import type { ProcessList, ProcessRegistry } from './process-registry.ts'
import type { RootKeys } from './root-keys.ts'

const AGREEMENT_MILLISECONDS = 30_000
const POLL_MILLISECONDS = 250

/**
 * Makes every process read its secrets again and waits until all encrypt with the current root key of this one. After
 * 30 seconds throws `Failure('conflict')` that names the reason.
 */
export async function agreeOnKey(
  rootKeys: RootKeys,
  processRegistry: ProcessRegistry,
  milliseconds = AGREEMENT_MILLISECONDS,
): Promise<ProcessList> {
  const until = performance.now() + milliseconds
  let list = await processRegistry.refreshAll()
  while (list.unresponsive > 0 || list.processes.some(({ currentKeyId }) => currentKeyId !== rootKeys.wantedKeyId)) {
    if (performance.now() >= until) throw disagreement(rootKeys.wantedKeyId, list)
    await wait(POLL_MILLISECONDS)
    list = await processRegistry.list()
  }
  return list
}

function disagreement(keyId: string, { processes, unresponsive }: ProcessList): Failure {
  const without = processes.filter(({ keyIds }) => !keyIds.includes(keyId)).length
  const why = [
    without > 0 && `${without} of ${processes.length} processes do not have it`,
    unresponsive > 0 && `${unresponsive} did not respond`,
    without === 0 && unresponsive === 0 && 'not all use it yet',
  ].filter((part) => part !== false)
  return new Failure(
    'conflict',
    `Key ${keyId} is not the current key of every process: ${why.join(', ')}. Give every process the same ENCRYPTION_KEY and ENCRYPTION_KEYS_PREVIOUS, and try again.`,
  )
}
