import type { Authenticate, Door, Principal } from '#kernel/context'

/** Signed tokens have dots, which keys have not: each goes to whoever knows its kind. */
export function byCredential(
  keys: Authenticate,
  tokens: (token: string, door: Door) => Principal | Promise<Principal>,
): Authenticate {
  return (authorization, door) => {
    const isToken = authorization?.includes('.') === true && authorization.slice(0, 7).toLowerCase() === 'bearer '
    return isToken ? tokens(authorization.slice(7).trim(), door) : keys(authorization, door)
  }
}
