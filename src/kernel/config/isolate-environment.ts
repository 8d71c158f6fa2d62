import type { Configuration } from './settings.ts'
import type { Environment } from './load.ts'

/** Variables that the auth library reads by itself, such as trusted origins and telemetry. */
const OF_LIBRARIES = /^((NEXT_|NUXT_)?PUBLIC_)?BETTER_AUTH_|^(NUXT_PUBLIC_AUTH_URL|AUTH_SECRET)$/

/**
 * Copies the environment variables and then deletes from `env` those that libraries read as their own settings, so that
 * only our settings decide how the product behaves.
 */
export function isolateEnvironment({ settings }: Pick<Configuration, 'settings'>, env: NodeJS.ProcessEnv): Environment {
  const taken = { ...env }
  const ours = new Set(settings.flatMap((setting) => [setting.env, `${setting.env}_FILE`]))
  for (const name of Object.keys(env)) if (OF_LIBRARIES.test(name) && !ours.has(name)) delete env[name]
  return taken
}
