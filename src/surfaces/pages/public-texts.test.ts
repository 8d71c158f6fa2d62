import { expect, it } from 'vitest'
import { startSurface } from '../../../test/support/http-surface.ts'
import { publicTexts } from './public-texts.ts'

const clock = () => new Date('2026-11-21T10:00:00Z')
const publicUrl = () => 'https://mcp.example.com'

async function told(securityContact: string | undefined, path: string) {
  const { surface, url } = await startSurface([], { web: publicTexts({ securityContact, publicUrl, clock }) })
  const response = await fetch(`${url}${path}`)
  const seen = [response.status, response.headers.get('content-type'), await response.text()]
  await surface.close(1)
  return seen
}

it('security.txt names whom to tell, and until when that is good', async () => {
  const [status, type, text] = await told('mailto:security@example.com', '/.well-known/security.txt')
  expect([status, type]).toEqual([200, 'text/plain; charset=utf-8'])
  expect(text).toMatchInlineSnapshot(`
    "Contact: mailto:security@example.com
    Expires: 2027-05-20T00:00:00.000Z
    Preferred-Languages: en
    Canonical: https://mcp.example.com/.well-known/security.txt
    "
  `)
})

it('security.txt is not there when there is nobody to tell', async () => {
  const [status] = await told(undefined, '/.well-known/security.txt')
  expect(status).toBe(404)
})

it('robots.txt invites none', async () => {
  expect(await told(undefined, '/robots.txt')).toEqual([
    200,
    'text/plain; charset=utf-8',
    'User-agent: *\nDisallow: /\n',
  ])
})
