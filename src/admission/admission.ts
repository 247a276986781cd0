/** Limits live connections over WebSocket and HTTP together: in total and per address. */
import type { IncomingMessage } from 'node:http'
import type { ClientAddressOf } from './client-address.ts'
import type { Client } from './client-shares.ts'

export interface AdmissionOptions {
  readonly maxConnections: number
  readonly maxConnectionsPerAddress: number
  readonly clientAddressOf: ClientAddressOf
  /** Called when an address has reached its limit. */
  readonly onAddressFull: (address: string) => void
}

/** Why a connection is not admitted: too many connections in total, or too many from its address. */
export type Refusal = 'full' | 'address full'

/** An admitted connection. */
export interface AdmittedConnection {
  /** The address; or an object of its own if the address does not identify a client. */
  readonly client: Client
  /** Must be called when the connection has closed. */
  readonly release: () => void
}

export class Admission {
  readonly #options: AdmissionOptions
  readonly #byAddress = new Map<string, number>()
  #connections = 0

  constructor(options: AdmissionOptions) {
    this.#options = options
  }

  /** @returns null if another connection can be admitted */
  refusalOf(request: IncomingMessage): Refusal | null {
    const { maxConnections, maxConnectionsPerAddress, clientAddressOf, onAddressFull } = this.#options
    if (this.#connections >= maxConnections) return 'full'
    const address = clientAddressOf(request)
    if (address === null || this.#of(address) < maxConnectionsPerAddress) return null
    onAddressFull(address)
    return 'address full'
  }

  admit(request: IncomingMessage): AdmittedConnection {
    const address = this.#options.clientAddressOf(request)
    this.#count(address, 1)
    let released = false
    return {
      client: address ?? {},
      release: () => {
        if (released) return
        released = true
        this.#count(address, -1)
      },
    }
  }

  #of(address: string): number {
    return this.#byAddress.get(address) ?? 0
  }

  #count(address: string | null, by: number): void {
    this.#connections += by
    if (address === null) return
    const count = this.#of(address) + by
    if (count === 0) this.#byAddress.delete(address)
    else this.#byAddress.set(address, count)
  }
}
