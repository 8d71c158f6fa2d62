import { expect, it } from 'vitest'
import { mailCheck } from './mail-check.ts'

it('the startup check warns without a mail server, unless mails are written to the log', async () => {
  const outcomeIn = async (...given: Parameters<typeof mailCheck>) =>
    (await mailCheck(...given).run(new AbortController().signal)).outcome
  expect(await outcomeIn({ smtpUrl: undefined }, 'production')).toBe('warning')
  expect(await outcomeIn({ smtpUrl: undefined }, 'staging')).toBe('warning')
  expect(await outcomeIn({ smtpUrl: undefined }, 'development')).toBe('pass')
  expect(await outcomeIn({ smtpUrl: 'smtps://mail.example.com:465' }, 'production')).toBe('pass')
})
