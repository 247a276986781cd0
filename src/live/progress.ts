/**
 * How far each projection is known to have come in each partition. Every position here has been committed, so a
 * read that begins now shows at least as much.
 */
import type { LogPosition } from '../domain/values.ts'
import { deferred } from '../lib/deferred.ts'
import type { Partition } from '../log/partition.ts'
import type { ConsistencyToken } from '../log/token.ts'

const ORIGIN = 0n as LogPosition

interface Waiter {
  readonly projection: string
  readonly partition: Partition
  readonly position: LogPosition
  readonly resolve: (reached: boolean) => void
}

export class Progress {
  readonly #positions = new Map<string, LogPosition>()
  readonly #waiters = new Set<Waiter>()

  position(projection: string, partition: Partition): LogPosition {
    return this.#positions.get(`${projection} ${partition}`) ?? ORIGIN
  }

  /** @returns false if that was known */
  advance(projection: string, partition: Partition, to: LogPosition): boolean {
    if (to <= this.position(projection, partition)) return false
    this.#positions.set(`${projection} ${partition}`, to)
    for (const waiter of this.#waiters) {
      if (waiter.projection === projection && waiter.partition === partition && waiter.position <= to) {
        waiter.resolve(true)
      }
    }
    return true
  }

  /** @returns whether the projection got to the token in time */
  async reached(projection: string, token: ConsistencyToken, timeoutMs: number): Promise<boolean> {
    const behind = [...token].filter(
      ([partition, position]) => position > this.position(projection, partition),
    )
    if (behind.length === 0) return true
    const waits = behind.map(([partition, position]) =>
      this.#wait(projection, partition, position, timeoutMs),
    )
    return (await Promise.all(waits)).every(Boolean)
  }

  async #wait(
    projection: string,
    partition: Partition,
    position: LogPosition,
    timeoutMs: number,
  ): Promise<boolean> {
    const { promise, resolve } = deferred<boolean>()
    const waiter: Waiter = { projection, partition, position, resolve }
    const timer = setTimeout(resolve, timeoutMs, false)
    this.#waiters.add(waiter)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiters.delete(waiter)
    }
  }
}
