import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'

/** An S3-compatible server (path style) on loopback: one bucket, with single and multipart uploads. */
export interface S3Server {
  /** The URL, with valid credentials. */
  readonly url: string
  /** The objects by their keys. */
  readonly objects: ReadonlyMap<string, Buffer>
  /** Multipart uploads that were neither completed nor aborted. */
  readonly half: number
  /** The requests received, as `PUT`, `POST ?uploads`, `GET`. */
  readonly asked: readonly string[]
  /** The bytes of content received so far. */
  readonly taken: number
  /** Changes the only valid credentials. */
  rotate(secret: string): string
  /** Makes the next requests of this kind fail in this way. */
  misbehave(how: S3Misbehaviour, asked?: string): void
  behave(): void
  close(): Promise<void>
}

export type S3Misbehaviour =
  | 'silent'
  | 'refuses'
  | 'cuts'
  /** A body that ends or stalls in the middle, or has a changed byte. */
  | 'truncates'
  | 'stalls'
  | 'corrupts'
  /** Carries out the request, and cuts off the answer. */
  | 'loses-answer'
  /** Stores half of the content, and answers with success. */
  | 'keeps-half'

const BUCKET = 'files'
const KEY = 'plimsoll-test'
const SIGNATURE =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/eu-test-1\/s3\/aws4_request, SignedHeaders=[^,]*host[^,]*x-amz-content-sha256[^,]*x-amz-date[^,]*, Signature=[0-9a-f]{64}$/

export async function startS3(): Promise<S3Server> {
  const objects = new Map<string, Buffer>()
  const uploads = new Map<string, { key: string; parts: Map<number, Buffer> }>()
  const asked: string[] = []
  let taken = 0
  let key = KEY
  let how: { readonly what: S3Misbehaviour; readonly asked: string | undefined } | undefined

  const handle = async (req: IncomingMessage, res: ServerResponse) => {
    const url = new URL(req.url ?? '', 'http://s3')
    const name =
      `${req.method} ${[...url.searchParams.keys()].filter((one) => one !== 'x-id').map((one) => `?${one}`)[0] ?? ''}`.trim()
    asked.push(name)
    const met = how === undefined || (how.asked !== undefined && how.asked !== name) ? undefined : how.what
    if (met === 'silent') return
    if (met === 'cuts') return void req.socket.destroy()
    const body = await buffer(req)
    taken += body.length
    if (met === 'loses-answer') {
      how = undefined
      res.writeHead = () => res
      res.end = () => res.destroy()
    }
    if (met === 'refuses') return answer(res, 503, '<Error><Code>ServiceUnavailable</Code></Error>')
    const refused = refusal(req, body, key)
    if (refused !== undefined) return answer(res, 403, `<Error><Code>${refused}</Code></Error>`)
    const [, bucket, ...rest] = url.pathname.split('/')
    if (bucket !== BUCKET) return answer(res, 404, '<Error><Code>NoSuchBucket</Code></Error>')
    const at = decodeURIComponent(rest.join('/'))
    const kept = met === 'keeps-half' ? body.subarray(0, body.length / 2) : body
    const { searchParams: query } = url
    const uploadId = query.get('uploadId') ?? ''
    const upload = uploads.get(uploadId)
    if (query.has('uploads') && req.method === 'GET') {
      const found = [...uploads].filter(([, one]) => one.key.startsWith(query.get('prefix') ?? ''))
      const list = found.map(([id, one]) => `<Upload><Key>${one.key}</Key><UploadId>${id}</UploadId></Upload>`)
      return answer(res, 200, `<ListMultipartUploadsResult>${list.join('')}</ListMultipartUploadsResult>`)
    }
    if (query.has('uploads')) {
      const id = randomUUID()
      uploads.set(id, { key: at, parts: new Map() })
      return answer(
        res,
        200,
        `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`,
      )
    }
    if (query.has('uploadId')) {
      if (upload === undefined) return answer(res, 404, '<Error><Code>NoSuchUpload</Code></Error>')
      if (req.method === 'PUT') {
        upload.parts.set(Number(query.get('partNumber')), kept)
        return answer(res, 200, '', { etag: etagOf(kept) })
      }
      uploads.delete(uploadId)
      if (req.method === 'DELETE') return answer(res, 204)
      const whole = Buffer.concat([...upload.parts].toSorted(([a], [b]) => a - b).map(([, part]) => part))
      objects.set(at, whole)
      return answer(
        res,
        200,
        `<CompleteMultipartUploadResult><ETag>${etagOf(whole)}</ETag></CompleteMultipartUploadResult>`,
      )
    }
    if (req.method === 'PUT') {
      objects.set(at, kept)
      return answer(res, 200, '', { etag: etagOf(kept) })
    }
    if (req.method === 'DELETE') {
      objects.delete(at)
      return answer(res, 204)
    }
    const object = objects.get(at)
    if (object === undefined) return answer(res, 404, '<Error><Code>NoSuchKey</Code></Error>')
    const wanted = req.headers['if-match']
    if (wanted !== undefined && wanted !== etagOf(object)) {
      return answer(res, 412, '<Error><Code>PreconditionFailed</Code></Error>')
    }
    send(req, res, object, met)
  }

  const server = createServer((req, res) => void handle(req, res).catch(() => res.destroy()))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const urlFor = (id: string) => `http://${id}:secret%2Fof-${id}@127.0.0.1:${port}/${BUCKET}?region=eu-test-1`
  return {
    url: urlFor(KEY),
    objects,
    asked,
    get half() {
      return uploads.size
    },
    get taken() {
      return taken
    },
    rotate(next) {
      key = next
      return urlFor(next)
    },
    misbehave: (what, only) => void (how = { what, asked: only }),
    behave: () => void (how = undefined),
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Why the signature (version 4) of a request is invalid; undefined when it is valid. */
function refusal({ headers }: IncomingMessage, body: Buffer, key: string): string | undefined {
  const [, given] = SIGNATURE.exec(String(headers.authorization)) ?? []
  if (given === undefined || headers['x-amz-date'] === undefined) return 'AccessDenied'
  if (given !== key) return 'InvalidAccessKeyId'
  const hash = headers['x-amz-content-sha256']
  const isRight = hash === 'UNSIGNED-PAYLOAD' || hash === createHash('sha256').update(body).digest('hex')
  return isRight ? undefined : 'XAmzContentSHA256Mismatch'
}

function send(req: IncomingMessage, res: ServerResponse, object: Buffer, met: S3Misbehaviour | undefined): void {
  const [, first = '0', last = ''] = /^bytes=(\d+)-(\d+)$/.exec(req.headers.range ?? '') ?? []
  const part = req.headers.range === undefined ? object : object.subarray(Number(first), Number(last) + 1)
  const body = Buffer.from(part)
  if (met === 'corrupts' && body.length > 0) body.writeUInt8(body.readUInt8(0) ^ 1, 0)
  const length = met === 'truncates' ? body.length / 2 : body.length
  res.writeHead(req.headers.range === undefined ? 200 : 206, { 'content-length': length, etag: etagOf(object) })
  if (req.method === 'HEAD') return void res.end()
  if (met === 'stalls') return void res.write(body.subarray(0, length / 2))
  res.end(body.subarray(0, length))
}

function answer(res: ServerResponse, status: number, body = '', headers: Readonly<Record<string, string>> = {}): void {
  res.writeHead(status, { ...(body !== '' && { 'content-type': 'application/xml' }), ...headers })
  res.end(status === 204 ? undefined : body)
}

const etagOf = (content: Buffer) => `"${createHash('md5').update(content).digest('hex')}"`
