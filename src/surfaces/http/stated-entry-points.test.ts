import { z } from 'zod'
import { describe, expect, it } from 'vitest'
import { plainRoute } from '../../../test/support/plain-route.ts'
import { PUBLIC_DOCUMENTS, requireStated } from './stated-entry-points.ts'

const notes = plainRoute({
  method: 'GET',
  path: '/v1/notes',
  summary: '',
  tags: [],
  scope: 'notes:read',
  response: z.object({}),
  run: async () => ({}),
})

describe('what the framework serves', () => {
  it('is a route, an open route, a page, or a document with its reason', () => {
    const mounted = [
      ['GET', '/v1/notes'],
      ['HEAD', '/v1/notes'],
      ['GET', '/health'],
    ] as const
    expect(() => requireStated(mounted, { routes: [notes] })).not.toThrow()
  })

  it('is named when it states nothing: nobody serves it by accident', () => {
    const mounted = [
      ['GET', '/v1/notes'],
      ['POST', '/v1/notes'],
      ['GET', '/debug'],
    ] as const
    expect(() => requireStated(mounted, { routes: [notes] })).toThrow(/- POST \/v1\/notes\n- GET \/debug$/)
  })

  it('beside them says why it is public', () => {
    expect(PUBLIC_DOCUMENTS.length).toBeGreaterThan(3)
    for (const { name, public: reason } of PUBLIC_DOCUMENTS) {
      expect([name, (reason ?? '').length > 30]).toEqual([name, true])
    }
  })
})
