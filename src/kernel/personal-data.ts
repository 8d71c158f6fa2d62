import type { CacheTag } from './cache/tags.ts'
import type { Ctx } from './context.ts'
import type { WriteCtx } from './writes/open-change.ts'

/**
 * What is known of one person within a tenant. `refs` are the ids by which modules hold them, each with its kind:
 * `user:usr_…`, `contact:cnt_…`, `event-user:…`. Made by `personOf`.
 */
export interface Person {
  /** In lower case. */
  readonly emails: ReadonlySet<string>
  /** Digits, with a leading + where the country is known. */
  readonly phones: ReadonlySet<string>
  /** As they are written. */
  readonly names: ReadonlySet<string>
  readonly refs: ReadonlySet<string>
  /**
   * Random, of this one request: pseudonyms made with it agree from table to table, and nobody can make them again once
   * it is forgotten.
   */
  readonly salt: string
}

/** What a holder knows of a person, in any writing. */
export interface PersonFacts {
  readonly emails?: Iterable<string>
  readonly phones?: Iterable<string>
  readonly names?: Iterable<string>
  readonly refs?: Iterable<string>
}

/** What happened to one kind of record. Counts are rows. */
export interface PersonalDataOutcome {
  readonly erased: number
  readonly pseudonymised: number
  /** Rows of others whose text mentioned the person. */
  readonly scrubbed?: number
  /** What stays, and why it must: a legal duty, another person's record. */
  readonly kept: readonly { readonly what: string; readonly count: number; readonly why: string }[]
}

/**
 * One kind of personal data that a module holds, and what can be done with it. Every member works within the tenant of
 * `ctx` and bears being run again after it was cut off. `holdTables` (kernel/personal-data/hold-tables) makes one from
 * a description of its tables.
 */
export interface PersonalData {
  /** `customers.contacts`. */
  readonly name: string
  readonly describe: string
  /** The tables that hold it, each `schema.table`; the architecture test compares them with the schema. */
  readonly tables: readonly string[]
  /** Cache tags whose values may show it; invalidated once an erasure is committed. */
  readonly cacheTags?: readonly CacheTag[]
  /** Further facts about this person that these rows know; asked again until nobody knows more. */
  readonly identify?: (ctx: Ctx, person: Person) => Promise<PersonFacts>
  /**
   * A page of the e-mails that are held, in lower case and order, after this one: to notice that somebody who was erased
   * has come back.
   */
  readonly emails?: (ctx: Ctx, after: string, rowsMax: number) => Promise<readonly string[]>
  /** The rows about this person, as they would be handed to them. */
  readonly export: (ctx: Ctx, person: Person) => Promise<readonly Readonly<Record<string, unknown>>[]>
  /** What `erase` would do, without doing it. */
  readonly preview: (ctx: Ctx, person: Person) => Promise<PersonalDataOutcome>
  /** Runs in the caller's transaction (`ctx.db`). */
  readonly erase: (ctx: WriteCtx, person: Person) => Promise<PersonalDataOutcome>
  /** Deletes what has passed its time; absent where nothing has. Runs nightly. */
  readonly retention?: {
    /** `support_tickets`: the category a tenant sets days for. */
    readonly category: string
    readonly defaultDays: number
    /** At most `rowsMax` rows in the caller's transaction; called again until it answers 0. */
    readonly expire: (ctx: WriteCtx, before: Date, rowsMax: number) => Promise<number>
  }
}
