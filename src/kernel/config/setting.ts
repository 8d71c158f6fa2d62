import { z } from 'zod'

/** What `docs/configuration.md` and an error message say about one environment variable. */
export interface SettingMeta {
  readonly env: string
  readonly describe: string
  readonly example: string
  /** Never printed, and refused in production when missing (if required there), weak or a known default. */
  readonly secret?: boolean
  /** Refused in every environment when weak: what it protects is the same everywhere. */
  readonly strongEverywhere?: boolean
  /** A new value is taken up while the process runs; a secret without this needs a restart. */
  readonly followed?: boolean
  readonly requiredInProduction?: boolean
  /** Must be off in production. */
  readonly neverInProduction?: boolean
  /** Other names the variable is known by, read when `env` is unset. */
  readonly aliases?: readonly string[]
}

/** Every setting of the product, keyed by its schema. */
export const settingRegistry = z.registry<SettingMeta>()

/** One environment variable: its parser, and the words that document it. */
export function setting<T extends z.ZodType>(env: string, schema: T, meta: Omit<SettingMeta, 'env'>): T {
  settingRegistry.add(schema, { env, ...meta })
  return schema
}

/** Groups of settings by the name under which the configuration holds each: `{ customers: CustomerSettings }`. */
export type SettingGroups = Readonly<Record<string, z.ZodObject>>

/** The values of groups of settings. */
export type SettingsOf<Groups> = { readonly [G in keyof Groups]: z.output<Groups[G]> }

export const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
export const share = () => z.coerce.number().min(0).max(1)
export const score = () => z.coerce.number().min(0).max(100)
export const yesOrNo = () => z.stringbool()

/** `a, b,c` → `['a', 'b', 'c']`. */
export const commaList = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
