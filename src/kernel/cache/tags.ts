declare const DECLARED: unique symbol

/** A tag by which cached values are invalidated. Only `cacheTags` makes one. */
export type CacheTag = string & { readonly [DECLARED]: true }

/** `one`: a single tag. `each`: a tag for every id. */
type Kind = 'one' | 'each'

type CacheTags<Kinds extends Readonly<Record<string, Kind>>> = {
  readonly [Name in keyof Kinds]: Kinds[Name] extends 'one' ? CacheTag : (id: string) => CacheTag
}

/**
 * Declares the cache tags of a module. An architecture test checks that each is set by a cached read and invalidated by
 * a write.
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
