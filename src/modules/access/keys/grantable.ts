import type { ScopeGrant } from '#kernel/authorization'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { FieldProblem } from '#kernel/failure'
import type { ToolServer } from '#kernel/calls/tool'
import type { CreateKeyInput } from './contract.ts'

/** What this installation has to grant, known once every module exists. */
export interface Grantable {
  readonly scopes: readonly ScopeGrant[]
  readonly servers: readonly Pick<ToolServer, 'name' | 'toolsets'>[]
}

/** What would make a well-formed key one that opens nothing: scopes, servers and toolsets that are none, a life that is over. */
export function uselessness(input: CreateKeyInput, { scopes, servers }: Grantable, now: Date): readonly FieldProblem[] {
  const toolsets = servers.flatMap(({ name, toolsets: own }) => Object.keys(own).map((toolset) => `${name}/${toolset}`))
  const serverNames = servers.map(({ name }) => name)
  return [
    ...strangers('scopes', input.scopes, namesOf(scopes)),
    ...strangers('servers', input.servers ?? [], serverNames),
    ...strangers('toolsets', input.toolsets ?? [], toolsets),
    ...(input.readOnly === true && !input.scopes.some((scope) => scope.endsWith(':read'))
      ? [{ path: 'readOnly', expected: 'false, or a scope that reads: a read-only key uses no other' }]
      : []),
    ...(input.expiresAt !== undefined && input.expiresAt <= now
      ? [{ path: 'expiresAt', expected: `a time to come, such as 90d; ${input.expiresAt.toISOString()} has passed` }]
      : []),
  ]
}

/** The scopes that are not of this installation. */
export function unknownScopes(scopes: readonly string[], table: readonly ScopeGrant[]): readonly FieldProblem[] {
  return strangers('scopes', scopes, namesOf(table))
}

/**
 * Throws unless the caller holds every one of these scopes: nobody hands on what they do not have. Whoever sits at the
 * machine may do everything.
 */
export function requireHeld(ctx: Ctx, scopes: readonly string[]): void {
  if (ctx.actor.kind === 'cli') return
  const held: ReadonlySet<string> = ctx.scopes
  const missing = scopes.filter((scope) => !held.has(scope))
  if (missing.length === 0) return
  throw new Failure('forbidden', `Nobody grants what they do not hold, and you do not hold ${missing.join(', ')}.`, {
    scopesNeeded: missing,
  })
}

const namesOf = (table: readonly ScopeGrant[]) => table.map(({ scope }) => scope)

function strangers(path: string, given: readonly string[], known: readonly string[]): readonly FieldProblem[] {
  return given
    .filter((one) => !known.includes(one))
    .map((one) => ({
      path,
      expected: `${path} of this installation (${known.join(', ')}); ${one} is none of them`,
      ...(known[0] !== undefined && { example: [known[0]] }),
    }))
}
