/** Asks for authorization as a browser with this session, and allows it. Returns the URL at which the browser ends up. */
export async function acceptedBy(cookie: string, url: string, query: URLSearchParams): Promise<URL> {
  const asked = await fetch(`${url}/auth/oauth2/authorize?${query.toString()}`, {
    redirect: 'manual',
    headers: { cookie },
  })
  const place = await placeIn(asked, url)
  if (place.pathname !== '/consent') return place
  const answer = await fetch(`${url}/auth/oauth2/consent`, {
    method: 'POST',
    headers: { cookie, origin: url, 'content-type': 'application/json' },
    body: JSON.stringify({ accept: true, oauth_query: place.search.slice(1) }),
  })
  return placeIn(answer, url)
}

/** The URL that a response leads to: `fetch` is told it in the body. */
async function placeIn(answer: Response, url: string): Promise<URL> {
  const location = answer.headers.get('location')
  if (location !== null) return new URL(location, url)
  const body: unknown = await answer.json()
  return new URL(
    typeof body === 'object' && body !== null && 'url' in body ? String(body.url) : JSON.stringify(body),
    url,
  )
}
