/** Where the library's own endpoints are. `/api/auth/*` is ours. */
export const AUTH_BASE_PATH = '/auth'

/** In which header the library finds the caller's address; whatever a caller put there is replaced. */
export const ADDRESS_HEADER = 'x-plimsoll-address'

/** In which header events find the id of the request; it is the one we gave. */
export const REQUEST_ID_HEADER = 'x-request-id'
