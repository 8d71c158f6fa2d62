declare const DECLARED: unique symbol

/** A tag of cached values, by which they are forgotten. Made by `cacheTags` alone. */
export type CacheTag = string & { readonly [DECLARED]: true }

/** `one`: a single tag. `each`: a tag for every id. */
type Kind = 'one' | 'each'

type CacheTags<Kinds extends Readonly<Record<string, Kind>>> = {
  readonly [Name in keyof Kinds]: Kinds[Name] extends 'one' ? CacheTag : (id: string) => CacheTag
}

/**
 * The cache tags of a module. Every one of them is carried by a value that some read keeps and invalidated by some
 * write; the architecture test compares the two.
 */
export function cacheTags<const Kinds extends Readonly<Record<string, Kind>>>(
  module: string,
  kinds: Kinds,
): CacheTags<Kinds> {
  const tags = Object.entries(kinds).map(([name, kind]) => {
    const tag = `${module}:${name}`
    return [name, kind === 'one' ? tag : (id: string) => `${tag}:${id}`]
  })
  // safe because: each entry was made for the kind that the type names, and this is where tags are declared.
  return Object.fromEntries(tags) as CacheTags<Kinds>
}
