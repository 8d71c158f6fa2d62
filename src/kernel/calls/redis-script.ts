import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Runs a Lua script atomically in Redis. It is sent by its hash, and in full when Redis does not have it. */
export type RedisScript = (
  redis: Redis,
  keys: readonly string[],
  values: readonly (string | number)[],
) => Promise<unknown>

export function redisScript(lua: string): RedisScript {
  const digest = createHash('sha1').update(lua).digest('hex')
  return async (redis, keys, values) => {
    try {
      return await redis.evalsha(digest, keys.length, ...keys, ...values)
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
      return redis.eval(lua, keys.length, ...keys, ...values)
    }
  }
}

/** Lua code that sets `now` to the time of Redis in milliseconds, which all processes share. */
export const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`
