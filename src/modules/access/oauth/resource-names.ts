/** How resources are named in OAuth requests. */
export interface NameResource {
  readonly defaultResource: () => string
  /** Replaces each `resource` that is another spelling of a known one, such as with a slash at its end. */
  readonly nameResource: (parameters: URLSearchParams) => void
}

/** `known` are the identifiers of all resources; `defaultResource` is the one of a request that names none. */
export function resourceNames(known: () => readonly string[], defaultResource: () => string): NameResource {
  const named = (resource: string): string => {
    if (!URL.canParse(resource)) return resource
    const { origin, pathname, search, hash } = new URL(resource)
    const plain = `${origin}${pathname.replace(/\/+$/, '')}${search}${hash}`
    return known().includes(plain) ? plain : resource
  }
  return {
    defaultResource,
    nameResource(parameters) {
      const resources = parameters.getAll('resource')
      parameters.delete('resource')
      for (const resource of resources) parameters.append('resource', named(resource))
    },
  }
}
