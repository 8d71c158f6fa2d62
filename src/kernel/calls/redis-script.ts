import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'

/** Runs a Lua script in Redis, as one step; it is sent once, and again to a Redis that has forgotten it. */
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

/** The start of a script that asks for the time: that of Redis, in milliseconds, which every process shares. */
export const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`
