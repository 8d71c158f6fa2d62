import type { Configuration } from './settings.ts'
import type { Environment } from './load.ts'

/** What the auth library would read behind our back: other origins to trust, where to report what it sees. */
const OF_LIBRARIES = /^((NEXT_|NUXT_)?PUBLIC_)?BETTER_AUTH_|^(NUXT_PUBLIC_AUTH_URL|AUTH_SECRET)$/

/**
 * The variables of this process, of which it forgets those that libraries take for settings of theirs: nothing but our
 * own settings decides how the product behaves.
 */
export function takeEnvironment({ settings }: Pick<Configuration, 'settings'>, env: NodeJS.ProcessEnv): Environment {
  const taken = { ...env }
  const ours = new Set(settings.flatMap((setting) => [setting.env, `${setting.env}_FILE`]))
  for (const name of Object.keys(env)) if (OF_LIBRARIES.test(name) && !ours.has(name)) delete env[name]
  return taken
}
