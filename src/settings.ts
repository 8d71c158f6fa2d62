import { configurationOf } from '#kernel/config/configuration'
import type { ConfigOf } from '#kernel/config/configuration'
import { loadConfig as load } from '#kernel/config/load'
import type { Environment } from '#kernel/config/load'
import { declarations } from './declarations.ts'
import { issuerRule } from './modules/access/declarations.ts'

/** Every setting there is. `docs/configuration.md` is generated from it. */
export const configuration = configurationOf(declarations, [issuerRule])

/** The value of every setting, by its group. */
export type AppConfig = ConfigOf<typeof declarations>

/** Reads every setting from `environment`. Throws `ConfigError` naming all that is wrong. */
export const loadConfig = (environment: Environment): AppConfig => load(configuration, environment)
