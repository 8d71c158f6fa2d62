import type { Ctx } from './context.ts'

/**
 * The files of a tenant, shared by all processes. It checks no scope and writes no audit row: the calling operation
 * does. Every member commits by itself and must not be called inside a `change`, whose transaction would wait for the
 * stream.
 */
export interface Files {
  /**
   * Stores a file, replacing one of the same name. Readers see the whole file or none: when `content` fails,
   * `ctx.signal` is aborted or a limit is exceeded, nothing is stored. Of several concurrent puts of one name, the last
   * to end wins. Only a few chunks of `content` are in memory at a time.
   */
  put(ctx: Ctx, file: NewFile): Promise<StoredFile>
  /** Throws `not_found` for a file that does not exist or has expired. */
  get(ctx: Ctx, name: string, range?: ByteRange): Promise<OpenFile>
  /** Ordered by name. */
  list(ctx: Ctx, options?: ListFiles): Promise<FilePage>
  /** Resolves with false when there was no such file. */
  delete(ctx: Ctx, name: string): Promise<boolean>
}

export interface NewFile {
  /** `imports/2026-11-30/rejected.csv`: up to 512 characters, segments separated by `/`. */
  readonly name: string
  /** `text/csv`. */
  readonly mediaType: string
  readonly content: AsyncIterable<Uint8Array>
  readonly expiresAt?: Date
  /**
   * The person it is about, as a ref of `Person.refs` (`user:usr_1`). Exports and erasures of that person include the
   * file.
   */
  readonly about?: string
}

export interface StoredFile {
  readonly name: string
  readonly mediaType: string
  readonly bytes: number
  /** SHA-256 of the whole content, in hexadecimal. */
  readonly sha256: string
  readonly storedAt: Date
  readonly expiresAt: Date | undefined
  readonly about: string | undefined
}

/** A byte range as in HTTP: both ends included, cut at the end of the file. */
export interface ByteRange {
  readonly first: number
  readonly last?: number
}

export interface OpenFile extends StoredFile {
  /** The range that `content` holds; undefined for the whole file. */
  readonly range: Required<ByteRange> | undefined
  /**
   * Can be read once. The last bytes of a whole file are delivered only after its size and SHA-256 were verified, so a
   * reader that reaches the end has what was stored. Throws `upstream` when verification or the store fails, and
   * `unavailable` when the file is replaced or deleted while it is read.
   */
  readonly content: AsyncIterable<Buffer>
}

export interface ListFiles {
  /** Only names that begin with this; absent: all. */
  readonly prefix?: string
  readonly cursor?: string
  /** 1 to 1000; 100 unless stated. */
  readonly limit?: number
}

export interface FilePage {
  readonly files: readonly StoredFile[]
  /** Cursor of the next page; undefined on the last. */
  readonly nextCursor: string | undefined
}
