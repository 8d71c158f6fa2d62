import type { OpenRequest } from '#kernel/calls/route'
import { ADDRESS_HEADER, REQUEST_ID_HEADER } from './endpoints.ts'

/** Who calls, as far as events and limits need to know. */
export interface Caller {
  readonly requestId: string
  readonly address: string
}

/** What the library is told of a caller: what we vouch for, and the browser's name for the list of sessions. */
export function headersOf(request: Pick<OpenRequest, 'requestId' | 'address' | 'headers'>): Headers {
  const userAgent = request.headers.get('user-agent')
  return new Headers({
    [ADDRESS_HEADER]: request.address,
    [REQUEST_ID_HEADER]: request.requestId,
    ...(userAgent !== null && { 'user-agent': userAgent }),
  })
}

/** The caller of a request that came through `headersOf`, or through the mounts of the library. */
export function callerOf(headers: Headers | undefined): Caller {
  return { requestId: headers?.get(REQUEST_ID_HEADER) ?? '', address: headers?.get(ADDRESS_HEADER) ?? '' }
}
