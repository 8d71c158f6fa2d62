import { expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { requireDeclarations } from '../startup/require-declarations.ts'
import { event } from './event.ts'
import { job } from './job.ts'

const registered = event('customers.registered', z.strictObject({ client_id: z.string() }))

const greet = job({
  name: 'greetings.greet',
  describe: 'Greets a new customer.',
  on: registered,
  scopes: [],
  run: async (_ctx, payload) => void expectTypeOf(payload).toEqualTypeOf<{ client_id: string }>(),
})

it('an event is made with the payload that it declares, and a job that subscribes takes that payload', () => {
  expect(registered({ client_id: 'cs_acme' })).toEqual({
    name: 'customers.registered',
    payload: { client_id: 'cs_acme' },
  })
  // @ts-expect-error another payload is refused by the compiler
  registered({ customer: 'cs_acme' })
  expect(greet.on?.name).toBe('customers.registered')
  expect(greet.payload.safeParse({ client_id: 7 }).success).toBe(false)
})

it('a job with a schedule beside its event takes the payload with every field optional, for the schedule gives none', () => {
  const both = job({
    name: 'greetings.greet-late',
    describe: 'Greets whoever was not greeted.',
    cron: '0 3 * * *',
    on: registered,
    scopes: [],
    run: async (_ctx, payload) => void expectTypeOf(payload).toEqualTypeOf<{ client_id?: string | undefined }>(),
  })
  expect(both.payload.safeParse({}).success).toBe(true)
  expect(both.payload.safeParse({ client_id: 7 }).success).toBe(false)
})

it('a subscription to an event that no module declares stops the start, naming job and event', () => {
  const greetings = { name: 'greetings', api: {}, jobs: [greet] }
  const customers = { name: 'customers', api: {}, events: { registered } }
  expect(() => requireDeclarations([greetings, customers])).not.toThrow()
  expect(() => requireDeclarations([greetings])).toThrow(
    'job greetings.greet: no module declares the event customers.registered',
  )
})

it('an event that two modules bring stops the start, naming both', () => {
  const customers = { name: 'customers', api: {}, events: { registered } }
  const other = { name: 'other', api: {}, events: { same: event('customers.registered', z.strictObject({})) } }
  expect(() => requireDeclarations([customers, other])).toThrow('event customers.registered: by customers and by other')
})
