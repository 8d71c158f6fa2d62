/** The body of an answer as text. Reads no further, and throws `tooMuch()`, once it is larger than so many bytes. */
export async function boundedText({ body }: Response, bytesMax: number, tooMuch: () => Error): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  if (body === null) return ''
  // safe because: the body of an answer is a stream of bytes (Fetch Standard, 2.2.4); its type has lost them.
  for await (const chunk of body as ReadableStream<Uint8Array>) {
    bytes += chunk.length
    if (bytes > bytesMax) throw tooMuch()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
