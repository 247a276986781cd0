/**
 * Where a watcher is in what it watches. Each result says so in `extensions.cursor`: the epoch of the log, and a position
 * for each partition that the result depends on, `8f3a.0:1234,3:77`. The stock client sends the same payload again when
 * it reconnects, so that what is written into it here resumes.
 *
 * Positions compare within an epoch. Another epoch means that the log was replaced, for example restored from a backup:
 * whatever was seen may never have been, and the present is where to go on.
 */
export interface LivePayload {
  readonly query: string
  readonly variables: Record<string, unknown>
  readonly extensions: { after?: string }
}

/** By partition. */
type Positions = ReadonlyMap<string, bigint>

interface Seen {
  readonly positions: Positions
  readonly text: string
}

/** Begins with what comes next, whatever the operation says itself. */
const PRESENT = 'latest'

/**
 * More than any subscription to states has, so that only movements of many products are forgotten; these
 * never repeat.
 */
const MAX_KEYS = 1000

export class Bookmark {
  readonly payload: LivePayload
  readonly #seen = new Map<string, Seen>()
  #epoch: string | null = null

  constructor(query: string, variables: Record<string, unknown>) {
    this.payload = { query, variables, extensions: {} }
  }

  /** Nothing that was seen is of another epoch. */
  isOf(epoch: string): boolean {
    return this.#epoch === null || this.#epoch === epoch
  }

  /** Forgets all that was seen, and goes on from the present. */
  restart(): void {
    this.#seen.clear()
    this.#epoch = null
    this.payload.extensions.after = PRESENT
  }

  /** @returns whether the result shows anything that was not seen before */
  move(data: object, cursor: string | undefined): boolean {
    const key = keyOf(data)
    const seen = key === null ? undefined : this.#seen.get(key)
    if (cursor === undefined) return seen === undefined
    const { epoch, positions } = parse(cursor)
    const text = JSON.stringify(data)
    if (seen !== undefined && !isNewer(positions, seen.positions) && !isCorrected(positions, text, seen))
      return false
    this.#epoch = epoch
    this.payload.extensions.after = cursor
    if (key !== null)
      this.#remember(key, { positions: new Map([...(seen?.positions ?? []), ...positions]), text })
    return true
  }

  #remember(key: string, seen: Seen): void {
    this.#seen.delete(key)
    this.#seen.set(key, seen)
    const [oldest] = this.#seen.keys()
    if (this.#seen.size > MAX_KEYS) this.#seen.delete(oldest as string)
  }
}

export const epochOf = (cursor: string): string => parse(cursor).epoch

const isNewer = (positions: Positions, seen: Positions): boolean =>
  [...positions].some(([at, position]) => position > (seen.get(at) ?? -1n))

/** The server says something else of the same point: its projection was made anew. */
const isCorrected = (positions: Positions, text: string, seen: Seen): boolean =>
  text !== seen.text && [...seen.positions].every(([at, position]) => position === positions.get(at))

/** What a result is about: null if that was not asked for. */
function keyOf(data: object): string | null {
  const [value] = Object.values(data) as [{ sku?: unknown; id?: unknown } | null]
  const key = value?.sku ?? value?.id
  return typeof key === 'string' ? key : null
}

function parse(cursor: string): { epoch: string; positions: Positions } {
  const dot = cursor.indexOf('.')
  const positions = cursor
    .slice(dot + 1)
    .split(',')
    .map((entry) => {
      const [partition, position] = entry.split(':') as [string, string]
      return [partition, BigInt(position)] as const
    })
  return { epoch: cursor.slice(0, Math.max(dot, 0)), positions: new Map(positions) }
}
