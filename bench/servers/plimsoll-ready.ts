/** The message of our server when it listens. */
export interface PlimsollReady {
  readonly url: string
  /** An API key of the generated tenant, for the trivial tool and all of the customers server. */
  readonly key: string
  /** An API key of a person in another tenant, for the tasks server. */
  readonly personalKey: string
}
