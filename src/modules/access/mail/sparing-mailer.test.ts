import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testDatabase } from '../../../../test/support/database.ts'
import { jsonClient, newcomer, startPeopleServer } from '../../../../test/support/people.ts'
import type { PeopleServer } from '../../../../test/support/people.ts'

const database = await testDatabase()
let now = new Date()
let server: PeopleServer

beforeAll(async () => {
  server = await startPeopleServer(database, {}, () => now)
})
afterAll(() => server.app.close())

describe('a mailbox', () => {
  it('is not flooded by who asks again and again, who cannot tell; the last link that came still works', async () => {
    const api = jsonClient(server.url)
    const { email } = await newcomer(server)
    const forget = (address: string) => api.post('/api/v1/auth/password/forgot', { email: address })
    for (let asked = 0; asked < 8; asked++) expect((await forget(email)).status).toBe(202)
    expect(server.mailCount('new password')).toBe(5)
    const token = server.lastLink('new password')?.split('/').at(-1)
    const reset = await api.post('/api/v1/auth/password/reset', { token, password: 'Brand-new-word-8' })
    expect(reset.status).toBe(200)
    await forget((await newcomer(server)).email)
    expect(server.mailCount('new password'), 'somebody else’s').toBe(6)
    now = new Date(now.getTime() + 901_000)
    await forget(email)
    expect(server.mailCount('new password'), 'after a while').toBe(7)
  })
})
