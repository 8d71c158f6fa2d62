import { once } from 'node:events'
import { describe, expect, it, onTestFinished } from 'vitest'
import { quiet } from '../../../test/support/database.ts'
import { hasRedis, startRedis } from '../../../test/support/redis.ts'
import { duplicateRedis, openRedis } from './redis.ts'

describe.skipIf(!hasRedis)('a Redis whose password is rotated', () => {
  it('is reconnected to with the new one, by the client and by what was duplicated from it', async () => {
    const server = await startRedis()
    onTestFinished(() => server.kill())
    const operator = openRedis(server.url, quiet)
    onTestFinished(() => operator.disconnect())
    await once(operator, 'ready')
    await operator.config('SET', 'requirepass', 'the-first-one')

    let password = 'the-first-one'
    const url = () => server.url.replace('redis://', `redis://:${password}@`)
    const client = openRedis(url, quiet)
    onTestFinished(() => client.disconnect())
    await once(client, 'ready')
    const copy = duplicateRedis(client, {})
    copy.on('error', () => undefined)
    onTestFinished(() => copy.disconnect())
    await once(copy, 'ready')

    await operator.config('SET', 'requirepass', 'the-second-one')
    password = 'the-second-one'
    const back = Promise.all([once(client, 'ready'), once(copy, 'ready')])
    await operator.client('KILL', 'SKIPME', 'yes')
    await back
    expect([await client.ping(), await copy.ping()]).toEqual(['PONG', 'PONG'])
  })
})
