import type { ScopeGrant } from '#kernel/authorization'
import type { Ctx } from '#kernel/context'
import { Failure } from '#kernel/failure'
import type { FieldProblem } from '#kernel/failure'
import type { ToolServer } from '#kernel/calls/tool'
import type { CreateKeyInput } from './contract.ts'

/** The scopes and MCP servers of this installation, known once every module is loaded. */
export interface Grantable {
  readonly scopes: readonly ScopeGrant[]
  readonly servers: readonly Pick<ToolServer, 'name' | 'toolsets'>[]
}

/** The problems for which a new key is refused: unknown scopes, servers or toolsets, or an expiry in the past. */
export function keyProblems(input: CreateKeyInput, { scopes, servers }: Grantable, now: Date): readonly FieldProblem[] {
  const toolsets = servers.flatMap(({ name, toolsets: own }) => Object.keys(own).map((toolset) => `${name}/${toolset}`))
  const serverNames = servers.map(({ name }) => name)
  return [
    ...unknownNames('scopes', input.scopes, namesOf(scopes)),
    ...unknownNames('servers', input.servers ?? [], serverNames),
    ...unknownNames('toolsets', input.toolsets ?? [], toolsets),
    ...(input.readOnly === true && !input.scopes.some((scope) => scope.endsWith(':read'))
      ? [{ path: 'readOnly', expected: 'false, or at least one read scope: a read-only key uses no other' }]
      : []),
    ...(input.expiresAt !== undefined && input.expiresAt <= now
      ? [{ path: 'expiresAt', expected: `a future time, such as 90d; ${input.expiresAt.toISOString()} has passed` }]
      : []),
  ]
}

/** A problem for each scope that this installation does not have. */
export function unknownScopes(scopes: readonly string[], table: readonly ScopeGrant[]): readonly FieldProblem[] {
  return unknownNames('scopes', scopes, namesOf(table))
}

/**
 * Throws unless the caller holds all of these scopes, because nobody may grant a scope they do not hold. The command
 * line may grant every scope.
 */
export function requireHeld(ctx: Ctx, scopes: readonly string[]): void {
  if (ctx.actor.kind === 'cli') return
  const held: ReadonlySet<string> = ctx.scopes
  const missing = scopes.filter((scope) => !held.has(scope))
  if (missing.length === 0) return
  throw new Failure('forbidden', `You can grant only scopes that you hold; you do not hold ${missing.join(', ')}.`, {
    scopesNeeded: missing,
  })
}

const namesOf = (table: readonly ScopeGrant[]) => table.map(({ scope }) => scope)

function unknownNames(path: string, given: readonly string[], known: readonly string[]): readonly FieldProblem[] {
  return given
    .filter((one) => !known.includes(one))
    .map((one) => ({
      path,
      expected: `${path} of this installation (${known.join(', ')}); ${one} is not one of them`,
      ...(known[0] !== undefined && { example: [known[0]] }),
    }))
}
