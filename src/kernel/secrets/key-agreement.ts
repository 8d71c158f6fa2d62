import { setTimeout as wait } from 'node:timers/promises'
import { Failure } from '../failure.ts'
import type { Roll, RollCall } from './roll-call.ts'
import type { RootKeys } from './root-keys.ts'

const AGREEMENT_MILLISECONDS = 30_000
const LOOK_MILLISECONDS = 250

/**
 * Waits until every process on this database seals under the first of our root keys, having told them all to read their
 * secrets again. Throws `Failure('conflict')` naming what holds it up when they do not within half a minute.
 */
export async function agreeOnKey(
  rootKeys: RootKeys,
  rollCall: RollCall,
  milliseconds = AGREEMENT_MILLISECONDS,
): Promise<Roll> {
  const until = performance.now() + milliseconds
  let roll = await rollCall.refresh()
  while (roll.silent > 0 || roll.holders.some(({ currentKeyId }) => currentKeyId !== rootKeys.wantedKeyId)) {
    if (performance.now() >= until) throw disagreement(rootKeys.wantedKeyId, roll)
    await wait(LOOK_MILLISECONDS)
    roll = await rollCall.ask()
  }
  return roll
}

function disagreement(keyId: string, { holders, silent }: Roll): Failure {
  const without = holders.filter(({ keyIds }) => !keyIds.includes(keyId)).length
  const why = [
    without > 0 && `${without} of ${holders.length} processes do not have it`,
    silent > 0 && `${silent} did not answer`,
    without === 0 && silent === 0 && 'not all use it yet',
  ].filter((part) => part !== false)
  return new Failure(
    'conflict',
    `Key ${keyId} is not the current key of every process: ${why.join(', ')}. Give every process the same ENCRYPTION_KEY and ENCRYPTION_KEYS_PREVIOUS, and try again.`,
  )
}
