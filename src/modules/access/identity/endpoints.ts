/** The base path of the auth library's endpoints; `/api/auth/*` are our own routes. */
export const AUTH_BASE_PATH = '/auth'

/** The header from which the auth library reads the caller's address; a value sent by the caller is replaced. */
export const ADDRESS_HEADER = 'x-plimsoll-address'

/** The header with the request id that we assigned, which audit events store. */
export const REQUEST_ID_HEADER = 'x-request-id'
