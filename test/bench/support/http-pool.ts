import { deferred } from '../../../src/lib/deferred.ts'
import type { Deferred } from '../../../src/lib/deferred.ts'
import { HttpConnection } from './http-connection.ts'

/** Connections for callers who are not bound to one; who finds none free waits in line. */
export class HttpPool {
  readonly #free: HttpConnection[]
  readonly #waiting: Deferred<HttpConnection>[] = []

  constructor(url: string, connections: number) {
    this.#free = Array.from({ length: connections }, () => new HttpConnection(url))
  }

  async use<T>(work: (connection: HttpConnection) => Promise<T>): Promise<T> {
    const connection = this.#free.pop() ?? (await this.#next())
    const result = await work(connection)
    const next = this.#waiting.shift()
    if (next === undefined) this.#free.push(connection)
    else next.resolve(connection)
    return result
  }

  close(): void {
    for (const connection of this.#free) connection.close()
  }

  #next(): Promise<HttpConnection> {
    const waiting = deferred<HttpConnection>()
    this.#waiting.push(waiting)
    return waiting.promise
  }
}
