import { createServer } from 'node:net'
import type { AddressInfo, Server } from 'node:net'
import { pino } from 'pino'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openMailer } from './open-mailer.ts'
import type { Mailer } from './mailer.ts'

const MAIL = { to: 'ada@example.com', subject: 'Confirm', text: 'Open https://x.test/y', link: 'https://x.test/y' }

const servers: Server[] = []
const mailers: Mailer[] = []
afterEach(async () => {
  for (const mailer of mailers.splice(0)) await mailer.close()
  for (const server of servers.splice(0)) server.close()
})

/** A minimal SMTP server. It rejects the first `refusals` mails with a temporary error. */
async function mailServer(refusals = 0): Promise<{ url: string; received: string[] }> {
  const received: string[] = []
  let left = refusals
  const server = createServer((socket) => {
    let isData = false
    let text = ''
    socket.write('220 ready\r\n')
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (isData) {
        if (!text.endsWith('\r\n.\r\n')) return
        received.push(text)
        isData = false
        text = ''
        socket.write('250 taken\r\n')
        return
      }
      const command = text.slice(0, 4).toUpperCase()
      text = ''
      if (command === 'DATA') {
        isData = true
        socket.write('354 go on\r\n')
      } else if (command === 'MAIL' && left-- > 0) socket.write('451 later\r\n')
      else if (command === 'QUIT') socket.end('221 bye\r\n')
      else socket.write('250 ok\r\n')
    })
    socket.on('error', () => undefined)
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // safe because: a server that listens on TCP has an address with a port.
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, received }
}

function mailer(smtpUrl: string | undefined, environment: 'development' | 'production' = 'production') {
  const lines: string[] = []
  const finished = vi.fn<(outcome: 'ok' | 'failed', seconds: number) => void>()
  const opened = openMailer({
    settings: { mailFrom: 'Plimsoll <no-reply@example.com>', smtpUrl },
    environment,
    log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }),
    finished,
    retryAfterMilliseconds: [1, 1],
  })
  mailers.push(opened)
  return { opened, finished, lines }
}

describe('a mail', () => {
  it('is sent to the mail server of the settings', async () => {
    const { url, received } = await mailServer()
    const { opened, finished } = mailer(url)
    opened.send(MAIL)
    await vi.waitFor(() => expect(finished).toHaveBeenCalledWith('ok', expect.any(Number)))
    expect(received[0]).toContain('To: ada@example.com')
    expect(received[0]).toContain('From: Plimsoll <no-reply@example.com>')
  })

  it('is retried after a temporary error of the server', async () => {
    const { url, received } = await mailServer(2)
    const { opened, finished } = mailer(url)
    opened.send(MAIL)
    await vi.waitFor(() => expect(finished).toHaveBeenCalledWith('ok', expect.any(Number)))
    expect(received).toHaveLength(1)
  })

  it('is counted and logged as failed, without its address, when the server is unreachable', async () => {
    const { opened, finished, lines } = mailer('smtp://127.0.0.1:1')
    opened.send(MAIL)
    await vi.waitFor(() => expect(finished).toHaveBeenCalledWith('failed', expect.any(Number)))
    await vi.waitFor(() => expect(lines.join('')).toContain('a mail could not be delivered'))
    expect(lines.join('')).not.toContain('ada@')
    expect(lines.join('')).not.toContain(MAIL.link)
  })

  it('without a mail server is logged with its link in development, and as an error without it in production', () => {
    const logged = mailer(undefined, 'development')
    logged.opened.send(MAIL)
    expect(logged.lines.join('')).toContain(MAIL.link)
    const dropped = mailer(undefined)
    dropped.opened.send(MAIL)
    expect(dropped.opened.delivers).toBe(false)
    expect(dropped.lines.join('')).not.toContain(MAIL.link)
  })
})
