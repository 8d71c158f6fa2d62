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

describe('repeated requests for the same mail', () => {
  it('send a limited number, with the same answer beyond the limit, and the last link sent still works', async () => {
    const api = jsonClient(server.url)
    const { email } = await newcomer(server)
    const forgotPassword = (address: string) => api.post('/api/v1/auth/password/forgot', { email: address })
    for (let count = 0; count < 8; count++) expect((await forgotPassword(email)).status).toBe(202)
    expect(server.mailCount('new password')).toBe(5)
    const token = server.lastLink('new password')?.split('/').at(-1)
    const reset = await api.post('/api/v1/auth/password/reset', { token, password: 'Brand-new-word-8' })
    expect(reset.status).toBe(200)
    await forgotPassword((await newcomer(server)).email)
    expect(server.mailCount('new password'), 'to another person').toBe(6)
    now = new Date(now.getTime() + 901_000)
    await forgotPassword(email)
    expect(server.mailCount('new password'), 'in the next window').toBe(7)
  })
})
