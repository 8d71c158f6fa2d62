import { configurationOf } from '#kernel/config/configuration'
import type { ConfigOf } from '#kernel/config/configuration'
import { loadConfig as load } from '#kernel/config/load'
import type { Environment } from '#kernel/config/load'
import { declarations } from './declarations.ts'
import { issuerRule } from './modules/access/declarations.ts'

/** Every setting of the product. `docs/configuration.md` is generated from it. */
export const configuration = configurationOf(declarations, [issuerRule])

/** The value of every setting, by its group. */
export type AppConfig = ConfigOf<typeof declarations>

/** Reads every setting from `environment`. Throws `ConfigError` that names every wrong one. */
export const loadConfig = (environment: Environment): AppConfig => load(configuration, environment)
