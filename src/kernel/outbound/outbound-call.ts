/** How one call went. `status` is `2xx` … `5xx`, or the kind of the failure. */
export interface OutboundCall {
  readonly integration: string
  readonly endpoint: string
  /** Empty where the URL had none. */
  readonly host: string
  readonly status: string
  readonly seconds: number
}
