import { deferred } from '../../../src/lib/deferred.ts'
import type { Deferred } from '../../../src/lib/deferred.ts'
import { HttpConnection } from './http-connection.ts'

/** A pool of connections. Callers wait in a queue if none is free. */
export class HttpPool {
  readonly #url: string
  readonly #free: HttpConnection[] = []
  #unmade: number
  readonly #waiting: Deferred<HttpConnection>[] = []

  constructor(url: string, connections: number) {
    this.#url = url
    this.#unmade = connections
  }

  async use<T>(work: (connection: HttpConnection) => Promise<T>): Promise<T> {
    const connection = this.#free.pop() ?? this.#make() ?? (await this.#next())
    const result = await work(connection)
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(connection)
    else next.resolve(connection)
    return result
  }

  close(): void {
    for (const connection of this.#free) connection.close()
  }

  /** Connects on demand, because the server closes silent connections. */
  #make(): HttpConnection | undefined {
    if (this.#unmade === 0) return undefined
    this.#unmade -= 1
    return new HttpConnection(this.#url)
  }

  #next(): Promise<HttpConnection> {
    const waiting = deferred<HttpConnection>()
    this.#waiting.push(waiting)
    return waiting.promise
  }
}
