import { z } from 'zod'
import type { Config } from './config.ts'
import { settingRegistry } from './setting.ts'
import type { SettingMeta } from './setting.ts'

/** A setting with its place in the configuration and its documentation. */
export interface Setting extends SettingMeta {
  /** The place of its value in `Config`: `database` and `poolSize`. */
  readonly group: string
  readonly field: string
  /** What is expected, in words: `a whole number from 1 to 1000`. */
  readonly expects: string
  /** The default as one would type it; undefined when there is none. */
  readonly defaultText: string | undefined
}

/** All settings of a program: the platform's and its modules'. */
export interface Configuration<C extends Config = Config> {
  /** In the order in which they were declared. */
  readonly settings: readonly Setting[]
  /** Parses `{ server: { port: '8080' }, … }`, every group present. */
  readonly schema: z.ZodType<C>
}

/** Every setting of a group, in the order of its schema. */
export function settingsIn(group: string, schema: z.ZodObject): readonly Setting[] {
  return Object.entries<z.ZodType>(schema.shape).map(([field, value]) => settingOf(group, field, value))
}

/** A variable with a printable value. */
export interface ShownSetting {
  readonly env: string
  readonly value: string
}

export function valueOf(config: Config, { group, field }: Setting): unknown {
  // safe because: group and field were read from the schema that made the configuration.
  return (config as unknown as Record<string, Record<string, unknown>>)[group]?.[field]
}

/** The effective configuration: every variable with its value, secrets hidden. */
export function effectiveConfig(
  { settings }: Pick<Configuration, 'settings'>,
  config: Config,
): readonly ShownSetting[] {
  return settings.map((setting) => ({ env: setting.env, value: shown(setting, valueOf(config, setting)) }))
}

function shown(setting: Setting, value: unknown): string {
  if (value === undefined) return '(unset)'
  if (setting.secret !== true) return asText(value) ?? '(none)'
  if (typeof value !== 'string' || !URL.canParse(value)) return '(hidden)'
  const url = new URL(value)
  if (url.host === '') return '(hidden)'
  return `${url.protocol}//${url.username === '' && url.password === '' ? '' : '***@'}${url.host}${url.pathname}`
}

function settingOf(group: string, field: string, schema: z.ZodType): Setting {
  const meta = settingRegistry.get(schema)
  if (meta === undefined) throw new Error(`${group}.${field} is not declared with setting()`)
  // A JSON schema is plain JSON; only the few keywords below are read.
  const json: Record<string, unknown> = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' })
  return { ...meta, group, field, expects: words(json), defaultText: asText(json['default']) }
}

function words(json: Record<string, unknown>): string {
  const { type, minimum, maximum } = json
  if (Array.isArray(json['enum'])) return `one of ${json['enum'].join(', ')}`
  if (type === 'boolean') return 'true or false'
  if (type === 'integer' || type === 'number') {
    const kind = type === 'integer' ? 'a whole number' : 'a number'
    if (typeof minimum !== 'number') return kind
    const isBounded = typeof maximum === 'number' && maximum < Number.MAX_SAFE_INTEGER
    return isBounded ? `${kind} from ${minimum} to ${maximum}` : `${kind}, ${minimum} or more`
  }
  if (json['format'] === 'uri') return 'a URL'
  if (json['format'] === 'base64') return 'base64 of at least 32 bytes'
  if (type === 'string') {
    return typeof json['minLength'] === 'number' && json['minLength'] > 1
      ? `text of at least ${json['minLength']} characters`
      : 'text'
  }
  return 'a list, separated by commas'
}

function asText(value: unknown): string | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.join(',')
  if (typeof value === 'string') return value
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
}
