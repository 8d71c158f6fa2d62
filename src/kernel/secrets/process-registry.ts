import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { Database } from '../database/pool.ts'
import { countListeners } from '../database/signals.ts'
import type { Signals } from '../database/signals.ts'
import { autocommit } from '../database/transact.ts'
import type { Keyring } from '../crypto/keyring.ts'

/** The root keys of one process. */
export interface ProcessKeys {
  readonly process: string
  readonly keyIds: readonly string[]
  readonly currentKeyId: string
}

/** The answers of all processes. */
export interface ProcessList {
  /** The processes that responded, this one first. */
  readonly processes: readonly ProcessKeys[]
  /** The number of connected processes that did not respond in time. */
  readonly unresponsive: number
}

/**
 * Lists the processes that use this database and their root keys, so that no key is used that another process does not
 * have.
 */
export interface ProcessRegistry {
  list(): Promise<ProcessList>
  /** As `list`, after every process has read its secrets again. */
  refreshAll(): Promise<ProcessList>
}

export interface ProcessRegistryOptions {
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

/** Opens the registry; from now on this process answers the questions of others. */
export function openProcessRegistry({ signals, database, keyring, refresh }: ProcessRegistryOptions): ProcessRegistry {
  const process = randomUUID()
  const listening = new Map<string, (holder: ProcessKeys) => void>()
  const { db } = autocommit({ db: database.system })
  const send = (message: Message) => signals.publish(db, CHANNEL, JSON.stringify(message))

  const self = (): ProcessKeys => ({ process, keyIds: keyring.keyIds, currentKeyId: keyring.currentKeyId })
  const answer = async (question: string, refreshFirst: boolean) => {
    if (refreshFirst) await refresh()
    const { keyIds, currentKeyId } = self()
    await send({ kind: 'answer', question, process, keyIds: [...keyIds], currentKeyId })
  }
  signals.subscribe(CHANNEL, (payload) => {
    const message = read(payload)
    if (message?.kind === 'answer') listening.get(message.question)?.(message)
    // Safe because the asking process counts this one as unresponsive and asks again.
    else if (message !== undefined && message.from !== process)
      answer(message.question, message.refresh).catch(() => undefined)
  })

  const ask = async (refreshFirst: boolean): Promise<ProcessList> => {
    if (refreshFirst) await refresh()
    const others = (await countListeners(database.owner)) - 1
    const found = new Map<string, ProcessKeys>()
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
    return { processes: [self(), ...found.values()], unresponsive: Math.max(0, others - found.size) }
  }
  return { list: () => ask(false), refreshAll: () => ask(true) }
}

function read(payload: string): Message | undefined {
  try {
    return Message.safeParse(JSON.parse(payload)).data
  } catch {
    // Safe because anyone on the database can send anything on a channel.
    return undefined
  }
}
