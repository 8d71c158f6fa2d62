import { Failure } from '#kernel/failure'

/**
 * The failure for an unknown customer. Used for another tenant's customer as well, so as not to reveal that it exists.
 */
export function clientNotFound(clientId: string): Failure {
  return new Failure('not_found', `There is no customer ${JSON.stringify(clientId)}. list_clients shows the ids.`, {
    code: 'CLIENT_NOT_FOUND',
  })
}
