import { z } from 'zod'
import { requireDeclaredOnce } from '../startup/declared-once.ts'
import type { Config } from './config.ts'
import { settingsIn } from './settings.ts'
import type { Configuration } from './settings.ts'
import type { SettingGroups, SettingsOf } from './setting.ts'

/** The settings of a module, by group. */
interface DeclaredSettings {
  readonly name: string
  readonly settings?: SettingGroups
}

/**
 * A rule over several groups. Calls `wrong` for each setting that breaks it (`['server', 'publicUrl']`), with what is
 * expected.
 */
export type SettingRule<C> = (
  config: C,
  wrong: (setting: readonly [group: string, field: string], expected: string) => void,
) => void

/** Combines declared settings. Throws when two modules declare the same group or variable, naming both. */
export function configurationOf<const D extends readonly DeclaredSettings[]>(
  declared: D,
  rules: readonly SettingRule<ConfigOf<D>>[] = [],
): Configuration<ConfigOf<D> & Config> {
  const groups = declared.flatMap(({ name: module, settings = {} }) =>
    Object.entries(settings).map(([group, schema]) => ({ module, group, schema })),
  )
  const perGroup = groups.map(({ module, group, schema }) => ({ module, settings: settingsIn(group, schema) }))
  requireDeclaredOnce([
    ...groups.map(({ module, group }) => ({ kind: 'group of settings', name: group, module })),
    ...perGroup.flatMap(({ module, settings }) =>
      settings.flatMap(({ env, aliases = [] }) => [env, ...aliases]).map((name) => ({ kind: 'setting', name, module })),
    ),
  ])
  const shape = Object.fromEntries(groups.map(({ group, schema }) => [group, schema]))
  const schema = z.object(shape).superRefine((config, issue) => {
    const wrong = (setting: readonly [string, string], message: string) =>
      issue.addIssue({ code: 'custom', path: [...setting], message })
    // safe because: the schema was built from the groups that `ConfigOf` lists.
    for (const rule of rules) rule(config as ConfigOf<D>, wrong)
  })
  return {
    settings: perGroup.flatMap(({ settings }) => settings),
    // safe because: the same.
    schema: schema as unknown as z.ZodType<ConfigOf<D> & Config>,
  }
}

type GroupsOf<D extends DeclaredSettings> = D extends { readonly settings: infer Groups extends SettingGroups }
  ? Groups
  : never

type Together<Union> = (Union extends unknown ? (each: Union) => void : never) extends (all: infer All) => void
  ? All
  : never

/** The values of all declared settings, by group. */
export type ConfigOf<D extends readonly DeclaredSettings[]> = SettingsOf<Together<GroupsOf<D[number]>>>
