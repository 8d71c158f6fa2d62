import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import type { Logger } from 'pino'
import { z } from 'zod'
import type { Tx } from './db.ts'
import { writing } from './statement.ts'
import { sql } from './sql.ts'

/**
 * Messages to every process that uses this database (LISTEN/NOTIFY), delivered when the sending transaction commits.
 */
export interface Signals {
  /** True while every subscription is active. While false, messages are missed. */
  readonly connected: boolean
  /** Sends in `tx`; delivered only if it commits. The payload has at most 7,999 bytes. */
  publish(tx: Tx, channel: string, payload: string): Promise<void>
  /**
   * Calls `heard` for every message from now on, including those of this process. Returns the function that
   * unsubscribes.
   */
  subscribe(channel: string, heard: (payload: string) => void): () => void
  /** Calls `act` each time the connection is lost. State derived from signals may be outdated from then on. */
  onLost(act: () => void): void
  /** Calls `act` each time every subscription is active again. Messages sent in between were missed. */
  onRestored(act: () => void): void
  close(): Promise<void>
}

export interface SignalsOptions {
  /** A connection as the login user. It keeps a session, so it must not go through a transaction pooler. */
  readonly connection: pg.ClientConfig
  readonly log: Logger
  readonly heartbeatMilliseconds?: number
  readonly backoffMillisecondsMax?: number
}

const HEARTBEAT_MILLISECONDS = 5000
const BACKOFF_MILLISECONDS = 100
const BACKOFF_MILLISECONDS_MAX = 5000
const GOODBYE_MILLISECONDS = 1000

/** The number of processes that use this database; each has one listening connection. */
export async function countListeners(owner: pg.Pool): Promise<number> {
  const { rows } = await owner.query<{ count: number }>(
    `select count(*)::int as count from pg_stat_activity
     where datname = current_database() and application_name = 'plimsoll signals'`,
  )
  return rows[0]?.count ?? 0
}

/** `pg_notify` returns void, which arrives as an empty text. */
const notify = writing('kernel.notify', sql`select pg_notify(:channel, :payload) as sent`, {
  params: { channel: z.string(), payload: z.string() },
  row: z.strictObject({ sent: z.string() }),
})

/** Opens the listening connection of a process. Resolves after the first attempt, connected or not. */
export async function openSignals(options: SignalsOptions): Promise<Signals> {
  const signals = new SignalConnection(options)
  await signals.connect()
  return signals
}

class SignalConnection implements Signals {
  readonly #connection: pg.ClientConfig
  readonly #log: Logger
  readonly #heartbeatMilliseconds: number
  readonly #backoffMillisecondsMax: number
  readonly #subscribers = new Map<string, Set<(payload: string) => void>>()
  readonly #lost: (() => void)[] = []
  readonly #restored: (() => void)[] = []
  /** The connection in use or being opened. */
  #client: pg.Client | undefined
  #isOpen = false
  #isClosed = false
  #isInForce = false
  /** Number of LISTEN statements not confirmed yet. */
  #unconfirmed = 0
  #attempts = 0
  #timer: NodeJS.Timeout | undefined
  /** Settles with the last statement sent, to run one at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: SignalsOptions) {
    this.#connection = options.connection
    this.#log = options.log
    this.#heartbeatMilliseconds = options.heartbeatMilliseconds ?? HEARTBEAT_MILLISECONDS
    this.#backoffMillisecondsMax = options.backoffMillisecondsMax ?? BACKOFF_MILLISECONDS_MAX
  }

  get connected(): boolean {
    return this.#isInForce && this.#unconfirmed === 0
  }

  async publish(tx: Tx, channel: string, payload: string): Promise<void> {
    await notify({ db: tx }, { channel, payload })
  }

  subscribe(channel: string, heard: (payload: string) => void): () => void {
    const known = this.#subscribers.get(channel)
    const all = known ?? new Set()
    this.#subscribers.set(channel, all.add(heard))
    if (!known && this.#client && this.#isOpen) void this.#listen(this.#client, channel)
    return () => void all.delete(heard)
  }

  onLost(act: () => void): void {
    this.#lost.push(act)
  }

  onRestored(act: () => void): void {
    this.#restored.push(act)
  }

  async connect(): Promise<void> {
    const client = new pg.Client({
      ...this.#connection,
      application_name: 'plimsoll signals',
      connectionTimeoutMillis: this.#heartbeatMilliseconds,
      query_timeout: this.#heartbeatMilliseconds,
      keepAlive: true,
    })
    client.on('error', (error) => this.#drop(client, error))
    client.on('end', () => this.#drop(client, new Error('the server ended the connection')))
    client.on('notification', ({ channel, payload }) => this.#deliver(channel, payload ?? ''))
    this.#client = client
    this.#turn = Promise.resolve()
    try {
      await client.connect()
    } catch (error) {
      this.#drop(client, error)
      return
    }
    if (this.#client !== client) return void (await client.end().catch(() => undefined))
    this.#isOpen = true
    this.#beat(client)
    await Promise.all([...this.#subscribers.keys()].map((channel) => this.#listen(client, channel)))
    if (this.#client === client) this.#confirm()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#isInForce = false
    clearTimeout(this.#timer)
    const client = this.#client
    this.#client = undefined
    // An unreachable server never confirms the end.
    await Promise.race([client?.end().catch(() => undefined), wait(GOODBYE_MILLISECONDS, undefined, { ref: false })])
  }

  #deliver(channel: string, payload: string): void {
    for (const heard of this.#subscribers.get(channel) ?? []) {
      try {
        heard(payload)
      } catch (error) {
        // Any database client can send anything: a failing subscriber must not crash the process.
        this.#log.error({ err: error, channel }, 'a signal subscriber failed')
      }
    }
  }

  async #listen(client: pg.Client, channel: string): Promise<void> {
    this.#unconfirmed++
    try {
      await this.#query(client, `listen ${pg.escapeIdentifier(channel)}`)
    } catch (error) {
      this.#drop(client, error)
      return
    }
    if (this.#client !== client) return
    this.#unconfirmed--
    this.#confirm()
  }

  #query(client: pg.Client, text: string): Promise<unknown> {
    const answer = this.#turn.then(() => client.query(text))
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  #confirm(): void {
    if (this.#unconfirmed > 0 || this.#isInForce) return
    this.#isInForce = true
    this.#attempts = 0
    for (const act of this.#restored) act()
  }

  /** Sends heartbeats, because a connection cut by a firewall reports no error. */
  #beat(client: pg.Client): void {
    this.#timer = setTimeout(() => {
      this.#query(client, 'select 1').then(
        () => this.#client === client && this.#beat(client),
        (error: unknown) => this.#drop(client, error),
      )
    }, this.#heartbeatMilliseconds)
    this.#timer.unref()
  }

  #drop(client: pg.Client, error: unknown): void {
    if (this.#client !== client) return
    const wasInForce = this.#isInForce
    this.#client = undefined
    this.#isOpen = false
    this.#isInForce = false
    this.#unconfirmed = 0
    clearTimeout(this.#timer)
    client.end().catch(() => undefined)
    if (this.#isClosed) return
    this.#log.warn({ err: error }, 'the signal connection was lost; reconnecting')
    if (wasInForce) for (const act of this.#lost) act()
    const backoff = Math.min(this.#backoffMillisecondsMax, BACKOFF_MILLISECONDS * 2 ** Math.min(this.#attempts++, 10))
    this.#timer = setTimeout(() => void this.connect(), backoff)
    this.#timer.unref()
  }
}
