import { randomBytes } from 'node:crypto'
import type { Role } from '#kernel/principal'
import type { TestDatabase } from './database.ts'

export interface TestPerson {
  readonly userId: string
  readonly tenantId: string
  readonly email: string
  readonly password: string
}

/** Signs up a person over HTTP at a running server, verifies the e-mail, and sets the role in their own tenant. */
export async function testPerson(
  database: TestDatabase,
  url: string,
  role: Role = 'owner',
  origin = url,
): Promise<TestPerson> {
  const email = `${randomBytes(6).toString('hex')}@example.com`
  const password = `Pw-${randomBytes(9).toString('base64url')}-7a`
  const answer = await fetch(`${url}/auth/sign-up/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ email, password, name: 'Pat' }),
  })
  if (!answer.ok) throw new Error(`sign-up: ${answer.status} ${await answer.text()}`)
  const { rows } = await database.owner.query<{ user_id: string; tenant_id: string }>(
    `with person as (update access.users set email_verified = true where email = $1 returning id)
     update access.members m set role = $2 from person where m.user_id = person.id returning m.user_id, m.tenant_id`,
    [email, role],
  )
  const [member] = rows
  if (member === undefined) throw new Error('the person who signed up has no tenant')
  return { userId: member.user_id, tenantId: member.tenant_id, email, password }
}

/** Signs in like a browser. Returns the value of its `Cookie` header. */
export async function signInCookie(url: string, { email, password }: TestPerson): Promise<string> {
  const answer = await fetch(`${url}/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ email, password }),
  })
  if (!answer.ok) throw new Error(`sign-in: ${answer.status} ${await answer.text()}`)
  return answer.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0])
    .join('; ')
}
