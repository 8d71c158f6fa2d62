import { Failure } from '../failure.ts'

/** A positional argument of a command. `T` is the type the command receives. */
export interface Argument<T> {
  readonly kind: 'required' | 'optional' | 'many'
  readonly describe: string
  /** Never there: it carries the type. */
  readonly type?: T
}

/** A named option of a command. `T` is the type the command receives. */
export interface Option<T> {
  readonly kind: 'required' | 'optional' | 'repeated' | 'flag'
  /** The value's name in the help: `file` for `--out <file>`. */
  readonly value: string
  readonly describe: string
  readonly preset?: string
  readonly choices?: readonly string[]
  /** Throws `invalidValue(…)` for a wrong value. */
  readonly parse?: (text: string) => unknown
  /** Never there: it carries the type. */
  readonly type?: T
}

/** The values of the declared arguments or options, by name. */
export type Given<Declared> = {
  readonly [Name in keyof Declared]: Declared[Name] extends Argument<infer T> | Option<infer T> ? T : never
}

export const argument = {
  required: (describe = ''): Argument<string> => ({ kind: 'required', describe }),
  optional: (describe = ''): Argument<string | undefined> => ({ kind: 'optional', describe }),
  /** One or more. */
  many: (describe = ''): Argument<readonly string[]> => ({ kind: 'many', describe }),
}

type Parse<T> = (text: string) => T
const asText: Parse<string> = (text) => text

export const option = {
  required,
  optional,
  preset: (value: string, describe: string, preset: string): Option<string> => ({
    kind: 'optional',
    value,
    describe,
    preset,
  }),
  choice: <const C extends string>(
    value: string,
    describe: string,
    { choices, preset }: { readonly choices: readonly C[]; readonly preset: C },
  ): Option<C> => ({ kind: 'optional', value, describe, choices, preset }),
  repeated: (value: string, describe: string): Option<readonly string[]> => ({ kind: 'repeated', value, describe }),
  flag: (describe: string): Option<boolean> => ({ kind: 'flag', value: '', describe }),
}

function required(value: string, describe: string): Option<string>
function required<T>(value: string, describe: string, parse: Parse<T>): Option<T>
function required(value: string, describe: string, parse: Parse<unknown> = asText): Option<unknown> {
  return { kind: 'required', value, describe, parse }
}

function optional(value: string, describe: string): Option<string | undefined>
function optional<T>(value: string, describe: string, parse: Parse<T>): Option<T | undefined>
function optional(value: string, describe: string, parse: Parse<unknown> = asText): Option<unknown> {
  return { kind: 'optional', value, describe, parse }
}

/** The failure that a parser throws; the message says what was expected, with an example. */
export const invalidValue = (message: string) => new Failure('invalid', message)
