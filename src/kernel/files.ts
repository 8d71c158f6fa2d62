import type { Ctx } from './context.ts'

/**
 * Files of a tenant, shared by all processes. Checks no scope and writes no audit row: the operation that calls it does.
 * Every member commits by itself and none may be called inside a `change`, whose transaction would wait for the stream.
 */
export interface Files {
  /**
   * Stores a file under its name, in place of one that has it. It is seen when it is whole, or never: when `content`
   * fails, `ctx.signal` is aborted or a bound is passed, nothing is left of it. Of several puts of one name, the last
   * to end counts. Holds a few chunks of `content` in memory, never all.
   */
  put(ctx: Ctx, file: NewFile): Promise<StoredFile>
  /** Throws `not_found` for a file that is not there or past its time. */
  get(ctx: Ctx, name: string, range?: ByteRange): Promise<OpenFile>
  /** Ordered by name. */
  list(ctx: Ctx, options?: ListFiles): Promise<FilePage>
  /** False: there was none. */
  delete(ctx: Ctx, name: string): Promise<boolean>
}

export interface NewFile {
  /** `imports/2026-11-30/rejected.csv`: up to 512 characters, segments parted by `/`. */
  readonly name: string
  /** `text/csv`. */
  readonly mediaType: string
  readonly content: AsyncIterable<Uint8Array>
  readonly expiresAt?: Date
  /** Whom it is about, as `Person.refs` names people (`user:usr_1`): found by exports and erasures of this person. */
  readonly about?: string
}

export interface StoredFile {
  readonly name: string
  readonly mediaType: string
  readonly bytes: number
  /** Of the whole content, in hexadecimal. */
  readonly sha256: string
  readonly storedAt: Date
  readonly expiresAt: Date | undefined
  readonly about: string | undefined
}

/** As in HTTP: both ends are part of it, and it is cut at the end of the file. */
export interface ByteRange {
  readonly first: number
  readonly last?: number
}

export interface OpenFile extends StoredFile {
  /** What `content` is: all of the file, unless a range was asked for. */
  readonly range: Required<ByteRange> | undefined
  /**
   * Read once. A whole file's last bytes come only when its size and SHA-256 were found right, so who reads to the end
   * has what was stored. Throws `upstream` when they are wrong or the store fails, `unavailable` when the file is
   * replaced or deleted meanwhile.
   */
  readonly content: AsyncIterable<Buffer>
}

export interface ListFiles {
  /** Absent: all. */
  readonly prefix?: string
  readonly cursor?: string
  /** 1 to 1000; 100 unless stated. */
  readonly limit?: number
}

export interface FilePage {
  readonly files: readonly StoredFile[]
  /** Of the next page; undefined on the last. */
  readonly nextCursor: string | undefined
}
