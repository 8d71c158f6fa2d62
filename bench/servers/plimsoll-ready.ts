/** What our server tells the benchmark once it listens. */
export interface PlimsollReady {
  readonly url: string
  /** An API key of the generated tenant, for the trivial tool and all of the customers server. */
  readonly key: string
  /** A key of a person in a tenant of their own, for the tasks server. */
  readonly personalKey: string
}
