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

/** A mail server as far as a client can tell; `refusals` mails are put off before it takes one. */
async function mailServer(refusals = 0): Promise<{ url: string; taken: string[] }> {
  const taken: string[] = []
  let left = refusals
  const server = createServer((socket) => {
    let isData = false
    let text = ''
    socket.write('220 ready\r\n')
    socket.on('data', (chunk) => {
      text += chunk.toString()
      if (isData) {
        if (!text.endsWith('\r\n.\r\n')) return
        taken.push(text)
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
  return { url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`, taken }
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
  it('goes to the mail server of the settings', async () => {
    const { url, taken } = await mailServer()
    const { opened, finished } = mailer(url)
    opened.send(MAIL)
    await vi.waitFor(() => expect(finished).toHaveBeenCalledWith('ok', expect.any(Number)))
    expect(taken[0]).toContain('To: ada@example.com')
    expect(taken[0]).toContain('From: Plimsoll <no-reply@example.com>')
  })

  it('is tried again when the server puts it off', async () => {
    const { url, taken } = await mailServer(2)
    const { opened, finished } = mailer(url)
    opened.send(MAIL)
    await vi.waitFor(() => expect(finished).toHaveBeenCalledWith('ok', expect.any(Number)))
    expect(taken).toHaveLength(1)
  })

  it('is given up, counted and logged without its address when nobody answers', async () => {
    const { opened, finished, lines } = mailer('smtp://127.0.0.1:1')
    opened.send(MAIL)
    await vi.waitFor(() => expect(finished).toHaveBeenCalledWith('failed', expect.any(Number)))
    await vi.waitFor(() => expect(lines.join('')).toContain('a mail was given up'))
    expect(lines.join('')).not.toContain('ada@')
    expect(lines.join('')).not.toContain(MAIL.link)
  })

  it('without a mail server is a line in the log of a developer, and nothing but an error in production', () => {
    const written = mailer(undefined, 'development')
    written.opened.send(MAIL)
    expect(written.lines.join('')).toContain(MAIL.link)
    const lost = mailer(undefined)
    lost.opened.send(MAIL)
    expect(lost.opened.delivers).toBe(false)
    expect(lost.lines.join('')).not.toContain(MAIL.link)
  })
})
