import type { OpenRequest } from '#kernel/calls/route'
import { ADDRESS_HEADER, REQUEST_ID_HEADER } from './endpoints.ts'

/** The caller of a request, as audit events and the lockout need it. */
export interface Caller {
  readonly requestId: string
  readonly address: string
}

/**
 * The headers for a call of the auth library: the address and request id that we determined, and the user agent, which
 * the list of sessions shows.
 */
export function headersOf(request: Pick<OpenRequest, 'requestId' | 'address' | 'headers'>): Headers {
  const userAgent = request.headers.get('user-agent')
  return new Headers({
    [ADDRESS_HEADER]: request.address,
    [REQUEST_ID_HEADER]: request.requestId,
    ...(userAgent !== null && { 'user-agent': userAgent }),
  })
}

/** The caller of a request whose headers were set by `headersOf` or `identityWeb`. */
export function callerOf(headers: Headers | undefined): Caller {
  return { requestId: headers?.get(REQUEST_ID_HEADER) ?? '', address: headers?.get(ADDRESS_HEADER) ?? '' }
}
