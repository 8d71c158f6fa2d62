import { Failure } from '#kernel/failure'

/** Also for a customer of another tenant: that it exists is none of the caller's business. */
export function clientNotFound(clientId: string): Failure {
  return new Failure('not_found', `There is no customer ${JSON.stringify(clientId)}. list_clients shows the ids.`, {
    code: 'CLIENT_NOT_FOUND',
  })
}
