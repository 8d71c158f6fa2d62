/** Wraps the auth library's endpoint: changes the request before it, or the response after it. */
export type Around = (request: Request, next: (request: Request) => Promise<Response>) => Promise<Response>

/** A request with this form as its body, or with these parameters in its URL when it has no body. */
export function withParameters(request: Request, parameters: URLSearchParams): Request {
  if (request.method !== 'GET') return new Request(request, { method: 'POST', body: parameters.toString() })
  const url = new URL(request.url)
  url.search = parameters.toString()
  return new Request(url, request)
}

/** The parameters of an OAuth request: those of its URL, or of its form. */
export async function parametersOf(request: Request): Promise<URLSearchParams> {
  return request.method === 'GET'
    ? new URLSearchParams(new URL(request.url).search)
    : new URLSearchParams(await request.clone().text())
}
