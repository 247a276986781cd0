/**
 * Answers over HTTP that their clients have not read yet. What the kernel takes of an answer costs nothing here; the rest is counted
 * until the client has read it, or is gone. Where there is no room for another one, the clients that have left theirs unread for
 * long are cut off, the longest first. If that makes no room, requests are refused before they are executed.
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
  /** The oldest first. */
  readonly #unread = new Map<ServerResponse, Unread>()

  /** @param patienceMs how long a client may leave an answer unread while others need the room */
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

  /** Whether the answer to this request could be kept if its client does not read it. */
  hasRoomFor(request: IncomingMessage): boolean {
    if (this.#unread.size === 0) return true
    return this.#makeRoom(this.#clients.limitBytes, this.#clientOf(request))
  }

  /** An answer has been written whole, and its client has not taken all of it. */
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
      this.#cutOffUntil(
        () => !this.#clients.isFull(client),
        (one) => one === client,
      ) &&
      this.#cutOffUntil(
        () => this.#memory.hasRoomFor(bytes),
        () => true,
      )
    )
  }

  /** @returns false if it is not enough to cut off all who may be */
  #cutOffUntil(isEnough: () => boolean, concerns: (client: Client) => boolean): boolean {
    const latest = performance.now() - this.#patienceMs
    for (const [response, { client, since }] of this.#unread) {
      if (isEnough() || since > latest) break
      if (!concerns(client)) continue
      this.#remove(response)
      response.destroy()
    }
    return isEnough()
  }

  #clientOf(request: IncomingMessage): Client {
    return this.#clientAddressOf(request) ?? request.socket
  }
}

/** A response that is counted if its client does not read it. */
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

/** A text that is longer is sent as bytes. Otherwise Node makes two more copies of it, which stay until V8 collects them. */
const LARGE_CHARACTERS = 64 * 1024

/** Before any of it is sent: what the kernel has taken is not told. */
function lengthOf(body: unknown): number {
  if (typeof body === 'string') return Buffer.byteLength(body)
  return body instanceof Uint8Array ? body.length : 0
}
