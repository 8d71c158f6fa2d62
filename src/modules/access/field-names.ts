type Camel<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name & string

/** The type with its snake_case fields in camelCase: `key_id` becomes `keyId`. */
export type CamelCased<T> = { readonly [Name in keyof T as Camel<Name>]: T[Name] }

/** Converts the field names of a row or of a REST body to camelCase. */
export function camelCased<T extends object>(named: T): CamelCased<T> {
  // safe because: `Camel` renames the fields of the type exactly as `camel` renames those of the value.
  return renamed(named, camel) as CamelCased<T>
}

/** Converts field names to snake_case, as rows and REST bodies have them. */
export function snakeCased<T extends object>(named: CamelCased<T>): T {
  // safe because: `snake` is the inverse of `Camel`.
  return renamed(named, snake) as T
}

/** `expires_at` for `expiresAt`. */
export const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

function renamed(named: object, rename: (name: string) => string): object {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [rename(name), value]))
}
