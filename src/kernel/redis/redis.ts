import { Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'
import type { Logger } from 'pino'

const CONNECT_TIMEOUT_MILLISECONDS = 2000
const COMMAND_TIMEOUT_MILLISECONDS = 500
const RECONNECT_MILLISECONDS_MAX = 2000

/** The URL of Redis. A function is called for the current password at every new connection. */
export type RedisUrl = string | (() => string)

/** A second connection with the same, possibly changing, password. */
export function duplicateRedis(redis: Redis, options: RedisOptions): Redis {
  const copy = redis.duplicate(options)
  const password = Object.getOwnPropertyDescriptor(redis.options, 'password')
  if (password !== undefined) Object.defineProperty(copy.options, 'password', password)
  return copy
}

/**
 * Opens a connection that never blocks callers during an outage: a command fails at once while Redis is down, and after
 * `commandTimeout` milliseconds (default 500) when it hangs. Reconnects for ever, with a growing pause. Close it with
 * `disconnect()`.
 */
export function openRedis(url: RedisUrl, log: Logger, commandTimeout: number = COMMAND_TIMEOUT_MILLISECONDS): Redis {
  const redis = new Redis(typeof url === 'string' ? url : url(), {
    connectionName: 'plimsoll',
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MILLISECONDS,
    commandTimeout,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), RECONNECT_MILLISECONDS_MAX),
  })
  if (typeof url !== 'string') followPassword(redis, url)
  let isDown = false
  redis.on('error', (error: Error) => {
    if (!isDown) log.warn({ err: error }, 'Redis cannot be reached')
    isDown = true
  })
  redis.on('ready', () => {
    if (isDown) log.info('Redis is reachable again')
    isDown = false
  })
  return redis
}

function followPassword({ options }: Redis, url: () => string): void {
  Object.defineProperty(options, 'password', {
    configurable: true,
    enumerable: true,
    get: () => decodeURIComponent(new URL(url()).password) || undefined,
  })
}
