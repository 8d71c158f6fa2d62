import { z } from 'zod'

/** The documentation and rules of one environment variable. */
export interface SettingMeta {
  readonly env: string
  readonly describe: string
  readonly example: string
  /** A secret is never printed, and refused in production when it is weak or a known default. */
  readonly secret?: boolean
  /** Refused when weak in every environment, not only in production. */
  readonly strongEverywhere?: boolean
  /** A new value takes effect while the process runs; other secrets need a restart. */
  readonly followed?: boolean
  readonly requiredInProduction?: boolean
  /** What production expects instead of this text; undefined when it is accepted. */
  readonly inProduction?: (text: string) => string | undefined
  /** Alternative names of the variable, read when `env` is unset. */
  readonly aliases?: readonly string[]
}

/** Every setting of the product, keyed by its schema. */
export const settingRegistry = z.registry<SettingMeta>()

/** Declares a setting: an environment variable, its parser and its documentation. */
export function setting<T extends z.ZodType>(env: string, schema: T, meta: Omit<SettingMeta, 'env'>): T {
  settingRegistry.add(schema, { env, ...meta })
  return schema
}

/** Groups of settings, by their name in the configuration: `{ customers: CustomerSettings }`. */
export type SettingGroups = Readonly<Record<string, z.ZodObject>>

export type SettingsOf<Groups> = { readonly [G in keyof Groups]: z.output<Groups[G]> }

export const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
export const share = () => z.coerce.number().min(0).max(1)
export const score = () => z.coerce.number().min(0).max(100)
export const yesOrNo = () => z.stringbool()

/** `SettingMeta.inProduction` of a switch: production expects `expected` when it is on. */
export const notOn = (expected: string) => (text: string) => (isOff(text) ? undefined : expected)
/** The same when it is off. */
export const notOff = (expected: string) => (text: string) => (isOff(text) ? expected : undefined)

function isOff(text: string): boolean {
  return /^(false|0|no|off|n|disabled)$/i.test(text)
}

/** `a, b,c` → `['a', 'b', 'c']`. */
export const commaList = () =>
  z.string().transform((text) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  )
