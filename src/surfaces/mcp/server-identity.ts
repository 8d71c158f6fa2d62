import { META } from './era.ts'

/** The name and version of this server, as clients show them. */
export interface ServerIdentity {
  readonly info: { readonly name: string; readonly title: string; readonly version: string }
  /** The `_meta` that names the server in every result of the stateless revision, as JSON. */
  readonly metaJson: string
}

export function serverIdentity(version: string): ServerIdentity {
  const info = { name: 'plimsoll', title: 'Plimsoll', version }
  return { info, metaJson: JSON.stringify({ [META.serverInfo]: info }) }
}
