/** Reads a response body as text. Stops and throws `tooMuch()` once it exceeds `bytesMax`. */
export async function boundedText({ body }: Response, bytesMax: number, tooMuch: () => Error): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  if (body === null) return ''
  // safe because: a response body is a stream of bytes (Fetch Standard, 2.2.4); its type does not say so.
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooMuch()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
