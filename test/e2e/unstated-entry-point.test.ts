import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { systemClock } from '#kernel/clock'
import { loadConfig } from '../../src/settings.ts'
import type { Module } from '#kernel/module'
import { plainRoute } from '../support/plain-route.ts'
import { buildApp } from '../../src/app.ts'
import { quiet, testDatabase } from '../support/database.ts'

const database = await testDatabase()

const start = (guest: Module) => {
  const config = loadConfig({ ENVIRONMENT: 'test', DATABASE_URL: database.url, SERVER_PORT: '0' })
  return buildApp({ config, clock: systemClock, log: quiet, version: 'test', as: 'command' }, [guest])
}

const secrets = plainRoute({
  method: 'GET',
  path: '/v1/secrets',
  summary: '',
  tags: [],
  scope: 'secrets:read',
  response: z.object({}),
  run: async () => ({}),
})

describe('an application', () => {
  it('with a route whose scope no module lists is not built, and names it', async () => {
    const guest: Module = { name: 'guest', api: undefined, routes: [secrets] }
    await expect(start(guest)).rejects.toThrow('route GET /v1/secrets: no module lists its scope secrets:read')
  })

  it('with a page that does not say why it is public is not built, and names it', async () => {
    const page = { name: 'page', methods: ['GET'], path: '/page', limit: 'lenient', public: '' } as const
    const guest: Module = { name: 'guest', api: undefined, web: [{ ...page, answer: async () => new Response() }] }
    await expect(start(guest)).rejects.toThrow(
      'web page GET /page: it requires no scope and gives no reason for being public',
    )
  })

  it('in which a module lists the scope is built', async () => {
    const scopes = [{ scope: 'secrets:read', describe: 'read secrets', least: 'owner' }] as const
    const app = await start({ name: 'guest', api: undefined, scopes, routes: [secrets] })
    expect(app.entryPoints.map(({ name }) => name)).toContain('GET /v1/secrets')
    await app.close()
  })
})
