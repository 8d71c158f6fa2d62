import type { IncomingMessage } from 'node:http'
import type { AccessRequest } from '#kernel/principal'
import { resourceOf } from './challenge.ts'
import type { Endpoint } from './endpoint.ts'

/** Functions that read the caller's address (through trusted proxies) and this server's URL from a request. */
export interface RequestReaders {
  readonly addressOf: (req: IncomingMessage) => string
  readonly publicUrlOf: (req: IncomingMessage) => string
}

/**
 * The caller's address and the resource to which a credential is presented. Most credentials need neither, so both are
 * computed when read. A class, because getters in an object literal give every object a hidden class of its own, which
 * V8 moves to the old generation together with the whole request.
 */
class LazyAccessRequest implements AccessRequest {
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

export function accessRequestOf(readers: RequestReaders): (req: IncomingMessage, endpoint: Endpoint) => AccessRequest {
  return (req, endpoint) => new LazyAccessRequest(readers, req, endpoint)
}
