type Camel<Name> = Name extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Name & string

/** The same fields, named as in code: `key_id` is `keyId`. */
export type CamelCased<T> = { readonly [Name in keyof T as Camel<Name>]: T[Name] }

/** A row, or what REST sends, with its fields named as in code. */
export function camelCased<T extends object>(named: T): CamelCased<T> {
  // safe because: `Camel` does to the names what `camel` does.
  return renamed(named, camel) as CamelCased<T>
}

/** The inverse: the fields by their names in rows and in REST. */
export function snakeCased<T extends object>(named: CamelCased<T>): T {
  // safe because: as above.
  return renamed(named, snake) as T
}

/** `expires_at` for `expiresAt`. */
export const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const camel = (name: string) => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())

function renamed(named: object, rename: (name: string) => string): object {
  return Object.fromEntries(Object.entries(named).map(([name, value]) => [rename(name), value]))
}
