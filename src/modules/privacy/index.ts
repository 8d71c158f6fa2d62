import type { Module } from '#kernel/module'
import type { PersonalData } from '#kernel/personal-data'

/** A person's right to see and to erase what is held about them; consent; retention. */
export type Privacy = Readonly<Record<string, never>>

export function privacyModule(_needs: {
  /** Of every module, asked for when they all exist. */
  holders: () => readonly PersonalData[]
}): Module<Privacy> {
  return {
    name: 'privacy',
    api: {},
    scopes: [
      { scope: 'privacy:read', describe: 'see and export what is held about a person', least: 'admin' },
      { scope: 'privacy:write', describe: 'erase a person, record consent, set retention', least: 'owner' },
    ],
  }
}
