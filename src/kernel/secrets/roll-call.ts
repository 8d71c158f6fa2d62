import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Database } from '../database/pool.ts'
import { countListeners } from '../database/signals.ts'
import type { Signals } from '../database/signals.ts'
import { autocommit } from '../database/transact.ts'
import type { Keyring } from '../crypto/keyring.ts'

/** What one process says of its keys. */
export interface KeyHolder {
  readonly process: string
  readonly keyIds: readonly string[]
  readonly currentKeyId: string
}

export interface Roll {
  /** Every process that answered, this one first. */
  readonly holders: readonly KeyHolder[]
  /** Processes that are connected and did not answer in time. */
  readonly silent: number
}

/** Asks every process on this database what keys it has, so that none is used which another could not open. */
export interface RollCall {
  ask(): Promise<Roll>
  /** As `ask`, after every process has read its secrets again. */
  refresh(): Promise<Roll>
}

export interface RollCallOptions {
  readonly signals: Signals
  readonly database: Pick<Database, 'system' | 'owner'>
  /** The keys of this process. */
  readonly keyring: Pick<Keyring, 'keyIds' | 'currentKeyId'>
  /** Reads the secrets of this process again. */
  readonly refresh: () => Promise<unknown>
}

const CHANNEL = 'kernel_keys'
const ANSWER_MILLISECONDS = 3000

const Message = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('question'), question: z.string(), from: z.string(), refresh: z.boolean() }),
  z.object({
    kind: z.literal('answer'),
    question: z.string(),
    process: z.string(),
    keyIds: z.array(z.string()),
    currentKeyId: z.string(),
  }),
])
type Message = z.output<typeof Message>

/** Answers from now on, and asks when told to. */
export function openRollCall({ signals, database, keyring, refresh }: RollCallOptions): RollCall {
  const process = randomUUID()
  const listening = new Map<string, (holder: KeyHolder) => void>()
  const { db } = autocommit({ db: database.system })
  const send = (message: Message) => signals.publish(db, CHANNEL, JSON.stringify(message))

  const self = (): KeyHolder => ({ process, keyIds: keyring.keyIds, currentKeyId: keyring.currentKeyId })
  const answer = async (question: string, refreshFirst: boolean) => {
    if (refreshFirst) await refresh()
    const { keyIds, currentKeyId } = self()
    await send({ kind: 'answer', question, process, keyIds: [...keyIds], currentKeyId })
  }
  signals.subscribe(CHANNEL, (payload) => {
    const message = read(payload)
    if (message?.kind === 'answer') listening.get(message.question)?.(message)
    // Safe because whoever asked counts this process as silent, and asks again.
    else if (message !== undefined && message.from !== process)
      answer(message.question, message.refresh).catch(() => undefined)
  })

  const ask = async (refreshFirst: boolean): Promise<Roll> => {
    if (refreshFirst) await refresh()
    const others = (await countListeners(database.owner)) - 1
    const found = new Map<string, KeyHolder>()
    if (others > 0) {
      const question = randomUUID()
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ANSWER_MILLISECONDS)
        listening.set(question, (holder) => {
          found.set(holder.process, holder)
          if (found.size >= others) resolve(clearTimeout(timer))
        })
        send({ kind: 'question', question, from: process, refresh: refreshFirst }).catch(reject)
      }).finally(() => listening.delete(question))
    }
    return { holders: [self(), ...found.values()], silent: Math.max(0, others - found.size) }
  }
  return { ask: () => ask(false), refresh: () => ask(true) }
}

function read(payload: string): Message | undefined {
  try {
    return Message.safeParse(JSON.parse(payload)).data
  } catch {
    // Safe because anyone on the database can send anything on a channel.
    return undefined
  }
}
