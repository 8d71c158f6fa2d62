import type { Platform } from '#kernel/platform'

/** Named one by one, for modules are handed copies of the whole. */
const MEMBERS: Readonly<Record<keyof Platform, true>> = {
  database: true,
  migrations: true,
  signals: true,
  cache: true,
  queue: true,
  redis: true,
  limiter: true,
  metrics: true,
  tracing: true,
  publicUrl: true,
  audit: true,
  personKeys: true,
  keyring: true,
  secrets: true,
  rootKeys: true,
  refreshSecrets: true,
  rollCall: true,
  outbound: true,
  openContext: true,
  openJobContext: true,
  close: true,
}

/**
 * Stands where a platform would, for looking at what is built on one: whatever is asked of it is nothing, and so is
 * whatever is asked of that.
 */
export function unopenedPlatform(): Platform {
  const nothing: object = new Proxy(() => undefined, {
    get: (_target, name) => (name === 'then' || typeof name === 'symbol' ? undefined : nothing),
    apply: () => nothing,
  })
  // safe because: the documents are made of what modules say of themselves, none of which comes from the platform.
  return Object.fromEntries(Object.keys(MEMBERS).map((name) => [name, nothing])) as unknown as Platform
}
