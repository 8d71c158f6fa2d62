import type { IncomingMessage } from 'node:http'
import type { Presented } from '#kernel/principal'
import { resourceOf } from './challenge.ts'
import type { Endpoint } from './endpoint.ts'

/** How a process reads requests: whom trusted proxies say they come from, and under which URL they reached it. */
export interface DoorParts {
  readonly addressOf: (req: IncomingMessage) => string
  readonly publicUrlOf: (req: IncomingMessage) => string
}

/**
 * Where one request presents its credential. Most credentials ask for neither member, so each is found out when it is
 * asked for. A class, because getters in a literal give every object a shape of its own, which the collector of young
 * objects takes for old ones and keeps, with the whole request.
 */
class RequestDoor implements Presented {
  readonly #parts: DoorParts
  readonly #req: IncomingMessage
  readonly #endpoint: Endpoint

  constructor(parts: DoorParts, req: IncomingMessage, endpoint: Endpoint) {
    this.#parts = parts
    this.#req = req
    this.#endpoint = endpoint
  }

  get address(): string {
    return this.#parts.addressOf(this.#req)
  }

  get resource(): string {
    return resourceOf(this.#endpoint, this.#parts.publicUrlOf(this.#req))
  }
}

export function doors(parts: DoorParts): (req: IncomingMessage, endpoint: Endpoint) => Presented {
  return (req, endpoint) => new RequestDoor(parts, req, endpoint)
}
