import type { Logger } from 'pino'
import type { Password } from '../database/pool.ts'
import type { SecretStore } from './secret-store.ts'

/**
 * The current password of DATABASE_URL, for new connections; empty if the URL has none. Open connections are kept,
 * because PostgreSQL checks the password only at login.
 */
export function databasePassword(
  secrets: Pick<SecretStore, 'value' | 'follow'>,
  log: Logger,
): { readonly password?: Password } {
  const url = secrets.value('DATABASE_URL')
  const first = passwordIn(url)
  if (first === undefined) return {}
  let current = first
  secrets.follow('DATABASE_URL', (next) => {
    current = passwordIn(next) ?? current
    if (withoutPassword(next) !== withoutPassword(url)) {
      log.warn('DATABASE_URL names another server, database or user; this takes effect at the next start')
    }
  })
  return { password: () => current }
}

function withoutPassword(text = ''): string {
  if (!URL.canParse(text)) return text
  const url = new URL(text)
  url.password = ''
  return url.href
}

function passwordIn(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined
  const { password } = new URL(url)
  return password === '' ? undefined : decodeURIComponent(password)
}
