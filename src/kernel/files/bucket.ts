export interface Bucket {
  readonly bucket: string
  readonly region: string
  /** Undefined for AWS. */
  readonly endpoint: string | undefined
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** Parses `FILES_URL`, already validated by the setting. */
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
