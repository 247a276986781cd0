/**
 * How far each projection is known to have come in each partition. Every position here has been committed, so a
 * read that begins now shows at least as much.
 */
import type { LogPosition } from '../domain/values.ts'
import { deferred } from '../lib/deferred.ts'
import type { Partition } from '../log/partition.ts'
import { LOG_ORIGIN } from '../log/point.ts'
import type { LogPoint } from '../log/point.ts'
import type { LogReplaced } from '../log/replaced.ts'
import type { LogPositions } from '../log/token.ts'
import { Trail } from '../log/trail.ts'

interface Waiter {
  readonly position: LogPosition
  readonly resolve: (reached: boolean) => void
  readonly reject: (error: LogReplaced) => void
}

/** A projection in a partition. */
interface Place {
  readonly partition: Partition
  readonly trail: Trail
  readonly waiters: Set<Waiter>
}

export class Progress {
  readonly #places = new Map<string, Place>()

  position(projection: string, partition: Partition): LogPosition {
    return (this.#places.get(`${projection} ${partition}`)?.trail.point ?? LOG_ORIGIN).position
  }

  /**
   * @param from where the step began; null if that is not known
   * @returns false if it leads no further, or cannot be taken now
   */
  advance(projection: string, partition: Partition, to: LogPoint, from: LogPoint | null): boolean {
    const { trail, waiters } = this.#place(projection, partition)
    if (!trail.move(to, from)) return false
    for (const waiter of waiters) if (waiter.position <= to.position) waiter.resolve(true)
    return true
  }

  /** What is remembered of each partition's history, by projection. */
  get trails(): readonly (readonly [Partition, Trail])[] {
    return [...this.#places.values()].map(({ partition, trail }) => [partition, trail])
  }

  /** The log's history was replaced: nothing that is known counts any more, and nothing of it is waited for. */
  reset(error: LogReplaced): void {
    for (const { trail, waiters } of this.#places.values()) {
      trail.reset()
      for (const { reject } of waiters) reject(error)
    }
  }

  /** The projection has come so far. */
  has(projection: string, positions: LogPositions): boolean {
    return [...positions].every(([partition, position]) => position <= this.position(projection, partition))
  }

  /**
   * @returns whether the projection got there in time
   * @throws LogReplaced
   */
  async reached(projection: string, positions: LogPositions, timeoutMs: number): Promise<boolean> {
    const behind = [...positions].filter(
      ([partition, position]) => position > this.position(projection, partition),
    )
    const waits = behind.map(([partition, position]) =>
      this.#wait(this.#place(projection, partition), position, timeoutMs),
    )
    return (await Promise.all(waits)).every(Boolean)
  }

  async #wait({ waiters }: Place, position: LogPosition, timeoutMs: number): Promise<boolean> {
    const { promise, resolve, reject } = deferred<boolean>()
    const waiter: Waiter = { position, resolve, reject }
    const timer = setTimeout(resolve, timeoutMs, false)
    waiters.add(waiter)
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      waiters.delete(waiter)
    }
  }

  #place(projection: string, partition: Partition): Place {
    const key = `${projection} ${partition}`
    const known = this.#places.get(key)
    if (known !== undefined) return known
    const place: Place = { partition, trail: new Trail(), waiters: new Set() }
    this.#places.set(key, place)
    return place
  }
}
