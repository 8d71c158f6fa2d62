import { Redis } from 'ioredis'
import type { Logger } from 'pino'

const CONNECT_TIMEOUT_MILLISECONDS = 2000
const COMMAND_TIMEOUT_MILLISECONDS = 500
const RECONNECT_MILLISECONDS_MAX = 2000

/**
 * Opens a connection that never makes a caller wait for an outage: a command fails at once while Redis is away, and
 * after `commandTimeout` milliseconds (half a second) when it hangs. Reconnects for ever, with a growing pause. End it with `disconnect()`.
 */
export function openRedis(url: string, log: Logger, commandTimeout = COMMAND_TIMEOUT_MILLISECONDS): Redis {
  const redis = new Redis(url, {
    connectionName: 'plimsoll',
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MILLISECONDS,
    commandTimeout,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), RECONNECT_MILLISECONDS_MAX),
  })
  let isAway = false
  redis.on('error', (error: Error) => {
    if (!isAway) log.warn({ err: error }, 'Redis cannot be reached')
    isAway = true
  })
  redis.on('ready', () => {
    if (isAway) log.info('Redis is back')
    isAway = false
  })
  return redis
}
