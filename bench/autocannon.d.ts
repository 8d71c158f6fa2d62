declare module 'autocannon' {
  interface Options {
    readonly url: string
    readonly connections: number
    readonly duration: number
    readonly requests: readonly object[]
  }
  interface Result {
    readonly requests: { readonly total: number }
    readonly latency: { readonly p50: number; readonly p99: number }
    readonly throughput: { readonly total: number }
    readonly non2xx: number
    readonly errors: number
    readonly timeouts: number
    /** In seconds. */
    readonly duration: number
  }
  export default function autocannon(options: Options): Promise<Result>
}
