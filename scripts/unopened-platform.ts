import type { Platform } from '#kernel/platform'

/**
 * A stand-in for the platform, with which the application can be built without a database to read its declarations.
 * Every property of it, at any depth, is the same stand-in.
 */
export function unopenedPlatform(): Platform {
  const nothing: unknown = new Proxy(() => undefined, {
    get: (_target, name) => (name === 'then' || typeof name === 'symbol' ? undefined : nothing),
    apply: () => nothing,
  })
  // safe because: the documents use only the declarations of modules, which do not come from the platform.
  return nothing as Platform
}
