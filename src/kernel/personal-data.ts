import type { CacheTag } from './cache/tags.ts'
import type { Ctx } from './context.ts'
import type { WriteCtx } from './writes/open-change.ts'

/**
 * The identifiers of one person within a tenant. `refs` are the ids that modules use for them, each with its kind:
 * `user:usr_…`, `contact:cnt_…`, `event-user:…`. Made by `personOf`.
 */
export interface Person {
  /** In lower case. */
  readonly emails: ReadonlySet<string>
  /** Digits, with a leading + where the country is known. */
  readonly phones: ReadonlySet<string>
  /** As written in the records. */
  readonly names: ReadonlySet<string>
  readonly refs: ReadonlySet<string>
  /**
   * Random per request. Pseudonyms derived from it agree between tables, and cannot be derived again once it is
   * discarded.
   */
  readonly salt: string
}

/** Identifiers of a person that a holder found, not normalised. */
export interface PersonFacts {
  readonly emails?: Iterable<string>
  readonly phones?: Iterable<string>
  readonly names?: Iterable<string>
  readonly refs?: Iterable<string>
}

/** The result of an erasure for one holder. Counts are rows. */
export interface PersonalDataOutcome {
  readonly erased: number
  readonly pseudonymised: number
  /** Rows about other people from whose text the person was removed. */
  readonly scrubbed?: number
  /** Rows that are kept, and the reason: a legal duty, another person's record. */
  readonly kept: readonly { readonly what: string; readonly count: number; readonly why: string }[]
}

/**
 * A personal-data holder: one kind of personal data of a module, with its export and erasure. Every member works within
 * the tenant of `ctx` and may be run again after an interruption. `holdTables` (kernel/personal-data/hold-tables) makes
 * one from a description of its tables.
 */
export interface PersonalData {
  /** `customers.contacts`. */
  readonly name: string
  readonly describe: string
  /** The tables that hold it, as `schema.table`; an architecture test compares them with the schema. */
  readonly tables: readonly string[]
  /** Cache tags whose values may show it; invalidated once an erasure is committed. */
  readonly cacheTags?: readonly CacheTag[]
  /** Finds further identifiers of this person in these rows. Called repeatedly until no holder finds more. */
  readonly identify?: (ctx: Ctx, person: Person) => Promise<PersonFacts>
  /**
   * A page of the stored e-mail addresses, in lower case and sorted, after this one. Used to detect erased people who
   * were added again.
   */
  readonly emails?: (ctx: Ctx, after: string, rowsMax: number) => Promise<readonly string[]>
  /** The rows about this person, in the form the person receives. */
  readonly export: (ctx: Ctx, person: Person) => Promise<readonly Readonly<Record<string, unknown>>[]>
  /** The outcome that `erase` would have, without changing anything. */
  readonly preview: (ctx: Ctx, person: Person) => Promise<PersonalDataOutcome>
  /** Runs in the caller's transaction (`ctx.db`). */
  readonly erase: (ctx: WriteCtx, person: Person) => Promise<PersonalDataOutcome>
  /** Deletes rows that are past their retention period, nightly. Absent: rows are kept without limit. */
  readonly retention?: {
    /** The retention category for which a tenant sets days: `support_tickets`. */
    readonly category: string
    readonly defaultDays: number
    /**
     * Deletes at most `rowsMax` rows in the caller's transaction and resolves with their number. Called until it
     * returns 0.
     */
    readonly expire: (ctx: WriteCtx, before: Date, rowsMax: number) => Promise<number>
  }
}
