import type { Ctx } from './context.ts'

/**
 * What is known of one person within a tenant. `refs` are the ids by which modules hold them, each with its kind:
 * `user:usr_…`, `contact:cnt_…`, `event-user:…`.
 */
export interface Person {
  readonly emails: ReadonlySet<string>
  readonly phones: ReadonlySet<string>
  readonly refs: ReadonlySet<string>
}

/** What happened to one kind of record. Counts are rows. */
export interface PersonalDataOutcome {
  readonly erased: number
  readonly pseudonymised: number
  /** What stays, and why it must: a legal duty, another person's record. */
  readonly kept: readonly { readonly what: string; readonly count: number; readonly why: string }[]
}

/**
 * One kind of personal data that a module holds, and what can be done with it. Every member works within the tenant of
 * `ctx` and bears being run again after it was cut off.
 */
export interface PersonalData {
  /** `customers.contacts`. */
  readonly name: string
  readonly describe: string
  /** The tables that hold it, each `schema.table`; the architecture test compares them with the schema. */
  readonly tables: readonly string[]
  /** Further ids, e-mails and phones of this person that these rows know; asked again until nobody knows more. */
  readonly identify?: (ctx: Ctx, person: Person) => Promise<Person>
  /** The rows about this person, as they would be handed to them. */
  readonly export: (ctx: Ctx, person: Person) => Promise<readonly Readonly<Record<string, unknown>>[]>
  /** What `erase` would do, without doing it. */
  readonly preview: (ctx: Ctx, person: Person) => Promise<PersonalDataOutcome>
  /** Runs in the caller's transaction (`ctx.db`). */
  readonly erase: (ctx: Ctx, person: Person) => Promise<PersonalDataOutcome>
  /** Deletes what has passed its time; absent where nothing has. Runs nightly. */
  readonly retention?: {
    /** `support_tickets`: the category a tenant sets days for. */
    readonly category: string
    readonly defaultDays: number
    readonly expire: (ctx: Ctx, before: Date) => Promise<number>
  }
}
