import type { IncomingMessage } from 'node:http'
import type { Presented } from '#kernel/principal'
import { resourceOf } from './challenge.ts'
import type { Endpoint } from './endpoint.ts'

/** Reads what a request says of itself: the caller's address, as trusted proxies tell it, and this server's URL. */
export interface RequestReaders {
  readonly addressOf: (req: IncomingMessage) => string
  readonly publicUrlOf: (req: IncomingMessage) => string
}

/**
 * Where a request presents its credential. Most credentials ask for neither member, so each is worked out when it is
 * read. A class, because getters in a literal give every object a shape of its own, which the collector of young
 * objects takes for old ones and keeps, with the whole request.
 */
class PresentedInRequest implements Presented {
  readonly #readers: RequestReaders
  readonly #req: IncomingMessage
  readonly #endpoint: Endpoint

  constructor(readers: RequestReaders, req: IncomingMessage, endpoint: Endpoint) {
    this.#readers = readers
    this.#req = req
    this.#endpoint = endpoint
  }

  get address(): string {
    return this.#readers.addressOf(this.#req)
  }

  get resource(): string {
    return resourceOf(this.#endpoint, this.#readers.publicUrlOf(this.#req))
  }
}

export function presentedIn(readers: RequestReaders): (req: IncomingMessage, endpoint: Endpoint) => Presented {
  return (req, endpoint) => new PresentedInRequest(readers, req, endpoint)
}
