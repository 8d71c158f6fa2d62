import type { Platform } from '#kernel/platform'

/**
 * Stands where a platform would, for looking at what is built on one: whatever is asked of it is nothing, and so is
 * whatever is asked of that.
 */
export function unopenedPlatform(): Platform {
  const nothing: unknown = new Proxy(() => undefined, {
    get: (_target, name) => (name === 'then' || typeof name === 'symbol' ? undefined : nothing),
    apply: () => nothing,
  })
  // safe because: the documents are made of what modules say of themselves, none of which comes from the platform.
  return nothing as Platform
}
