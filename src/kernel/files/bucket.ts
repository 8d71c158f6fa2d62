export interface Bucket {
  readonly bucket: string
  readonly region: string
  /** Undefined: AWS. */
  readonly endpoint: string | undefined
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** What `FILES_URL` says, which the setting has checked. */
export function bucketOf(text: string): Bucket {
  const url = new URL(text)
  const region = url.searchParams.get('region') ?? 'us-east-1'
  const credentials = {
    accessKeyId: decodeURIComponent(url.username),
    secretAccessKey: decodeURIComponent(url.password),
  }
  if (url.protocol === 's3:') return { bucket: url.hostname, region, endpoint: undefined, credentials }
  const [bucket = ''] = url.pathname.slice(1).split('/')
  return { bucket, region, endpoint: url.origin, credentials }
}
