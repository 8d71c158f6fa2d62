import { valueProblems } from '#kernel/calls/value-problems'

/** The fields of the library's JSON endpoints. It ignores others, or stores them, however long they are. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  '/sign-in/email': ['email', 'password', 'rememberMe', 'callbackURL', 'oauth_query'],
  '/sign-up/email': ['email', 'password', 'name', 'rememberMe', 'callbackURL', 'oauth_query'],
  '/send-verification-email': ['email', 'callbackURL'],
  '/request-password-reset': ['email', 'redirectTo'],
  '/reset-password': ['newPassword', 'token'],
  '/change-password': ['currentPassword', 'newPassword', 'revokeOtherSessions'],
  '/two-factor/enable': ['password', 'issuer'],
  '/two-factor/disable': ['password'],
  '/two-factor/verify-totp': ['code', 'trustDevice', 'oauth_query'],
  '/two-factor/verify-backup-code': ['code', 'trustDevice', 'disableSession', 'oauth_query'],
  '/two-factor/generate-backup-codes': ['password'],
  '/organization/set-active': ['organizationId', 'organizationSlug'],
  '/oauth2/consent': ['accept', 'scope', 'oauth_query'],
  '/oauth2/continue': ['selected', 'created', 'postLogin', 'oauth_query'],
  '/oauth2/public-client-prelogin': ['client_id', 'oauth_query'],
  '/oauth2/delete-consent': ['id'],
}

/**
 * What is wrong with a request to an endpoint of the auth library, before it sees it: text that the database cannot store
 * (the library would answer 500), or a field that the endpoint does not have. Undefined for a body that cannot be parsed,
 * which the library refuses itself.
 */
export function requestProblem(
  path: string,
  request: Pick<Request, 'url' | 'headers'>,
  body: string,
): string | undefined {
  const query = storable(new URL(request.url).searchParams, 'query')
  if (query !== undefined || body === '') return query
  const type = request.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase()
  if (type === 'application/x-www-form-urlencoded') return storable(new URLSearchParams(body), 'form')
  const parsed = parsedJson(body)
  const [problem] = valueProblems(parsed, ['body'])
  if (problem !== undefined) return `${problem.path}: expected ${problem.expected}.`
  const fields = FIELDS[path]
  if (fields === undefined || typeof parsed !== 'object' || parsed === null) return undefined
  const unknown = Object.keys(parsed).find((name) => !fields.includes(name))
  if (unknown === undefined) return undefined
  return `body.${unknown.slice(0, NAME_CHARACTERS_MAX)}: expected one of ${fields.join(', ')}.`
}

const NAME_CHARACTERS_MAX = 100

function storable(values: URLSearchParams, kind: string): string | undefined {
  const [problem] = valueProblems(Object.fromEntries(values), [kind])
  return problem === undefined ? undefined : `${problem.path}: expected ${problem.expected}.`
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Safe because the library refuses it.
    return undefined
  }
}
