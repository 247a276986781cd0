/**
 * Limits the memory of HTTP answers that their clients have not read yet. An answer that fits into the kernel's buffers is free. Any
 * other counts until its client has read it or has disconnected. If the memory is used up, clients that have left an answer unread for
 * long are disconnected, longest first. If that does not free enough, requests fail before they are executed.
 */
import { ServerResponse } from 'node:http'
import type { IncomingMessage } from 'node:http'
import type { ClientMemory, Holding } from './client-memory.ts'
import type { Client, ClientShares } from './client-shares.ts'
import type { ClientAddressOf } from './client-address.ts'

interface Unread {
  readonly client: Client
  readonly bytes: number
  readonly since: number
}

export class UnreadAnswers {
  readonly #memory: Holding
  readonly #clients: ClientShares
  readonly #clientAddressOf: ClientAddressOf
  readonly #patienceMs: number
  /** Oldest first. */
  readonly #unread = new Map<ServerResponse, Unread>()

  /** @param patienceMs how long a client may leave an answer unread while others need the memory */
  constructor(
    memory: Pick<ClientMemory, 'hold' | 'perClient'>,
    clientAddressOf: ClientAddressOf,
    patienceMs: number,
  ) {
    this.#patienceMs = patienceMs
    this.#memory = memory.hold('unreadAnswers')
    this.#clients = memory.perClient('unreadAnswers')
    this.#clientAddressOf = clientAddressOf
  }

  /** Whether there is memory for the answer to this request in case its client does not read it. */
  hasRoomFor(request: IncomingMessage): boolean {
    if (this.#unread.size === 0) return true
    return this.#makeRoom(this.#clients.limitBytes, this.#clientOf(request))
  }

  /** Adds an answer that has been written completely but not read completely. */
  add(response: ServerResponse, bytes: number): void {
    const unread = { client: this.#clientOf(response.req), bytes, since: performance.now() }
    if (!this.#take(unread)) {
      response.destroy()
      return
    }
    this.#unread.set(response, unread)
    response.once('close', () => this.#remove(response))
  }

  #take({ client, bytes }: Unread): boolean {
    if (!this.#makeRoom(bytes, client) || !this.#clients.take(client, bytes)) return false
    return this.#memory.take(bytes)
  }

  #remove(response: ServerResponse): void {
    const unread = this.#unread.get(response)
    if (unread === undefined) return
    this.#unread.delete(response)
    this.#memory.give(unread.bytes)
    this.#clients.give(unread.client, unread.bytes)
  }

  #makeRoom(bytes: number, client: Client): boolean {
    return (
      this.#disconnectUntil(
        () => !this.#clients.isFull(client),
        (one) => one === client,
      ) &&
      this.#disconnectUntil(
        () => this.#memory.hasRoomFor(bytes),
        () => true,
      )
    )
  }

  /** @returns false if disconnecting all clients that may be disconnected is not enough */
  #disconnectUntil(isEnough: () => boolean, isCandidate: (client: Client) => boolean): boolean {
    const latest = performance.now() - this.#patienceMs
    for (const [response, { client, since }] of this.#unread) {
      if (isEnough() || since > latest) break
      if (!isCandidate(client)) continue
      this.#remove(response)
      response.destroy()
    }
    return isEnough()
  }

  #clientOf(request: IncomingMessage): Client {
    return this.#clientAddressOf(request) ?? request.socket
  }
}

/** Responses that are added to the unread answers if the kernel does not take all of them. */
export function createResponseClass(unread: Pick<UnreadAnswers, 'add'>): typeof ServerResponse {
  return class CountedResponse<Request extends IncomingMessage> extends ServerResponse<Request> {
    override end(...given: unknown[]): this {
      const [body, ...more] = given
      const sent = typeof body === 'string' && body.length > LARGE_CHARACTERS ? Buffer.from(body) : body
      const all: unknown[] = [sent, ...more]
      super.end(...(all as []))
      const kept = this.socket?.writableLength ?? 0
      if (kept > 0) unread.add(this, Math.max(kept, lengthOf(sent)))
      return this
    }
  }
}

/** Longer texts are sent as bytes: of a string, Node makes two more copies, which stay until V8 collects them. */
const LARGE_CHARACTERS = 64 * 1024

/** The full length, because Node does not say how much of it the kernel has taken. */
function lengthOf(body: unknown): number {
  if (typeof body === 'string') return Buffer.byteLength(body)
  return body instanceof Uint8Array ? body.length : 0
}
