/**
 * The position of a watcher in what it watches. Each result carries it in `extensions.cursor`: the epoch of the log, and a position
 * per partition that the result depends on, such as `8f3a.0:1234,3:77`. graphql-ws sends the same payload again when it reconnects,
 * so the cursor that is written into the payload here makes it resume.
 *
 * Positions are comparable only within an epoch. Another epoch means that the log was replaced, for example restored from a backup:
 * what was seen may no longer exist, so the watcher continues from the present state.
 */
export interface LivePayload {
  readonly query: string
  readonly variables: Record<string, unknown>
  readonly extensions: { after?: string }
}

/** Positions by partition. */
type Positions = ReadonlyMap<string, bigint>

interface Seen {
  readonly positions: Positions
  readonly text: string
}

/** Starts with the next result and overrides the operation's own arguments. */
const PRESENT = 'latest'

/**
 * Limit on remembered keys. Subscriptions to states have fewer keys, so only keys of movements are evicted; movements never repeat.
 */
const MAX_KEYS = 1000

export class Bookmark {
  readonly payload: LivePayload
  readonly #seen = new Map<string, Seen>()
  #epoch: string | null = null

  constructor(query: string, variables: Record<string, unknown>) {
    this.payload = { query, variables, extensions: {} }
  }

  /** Whether everything seen so far belongs to this epoch. */
  isOf(epoch: string): boolean {
    return this.#epoch === null || this.#epoch === epoch
  }

  /** Forgets everything seen so far, and continues from the present state. */
  restart(): void {
    this.#seen.clear()
    this.#epoch = null
    this.payload.extensions.after = PRESENT
  }

  /** @returns whether the result shows anything new */
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

/** Whether the result differs at the same point, which happens when the projection was rebuilt. */
const isCorrected = (positions: Positions, text: string, seen: Seen): boolean =>
  text !== seen.text && [...seen.positions].every(([at, position]) => position === positions.get(at))

/** The `sku` or `id` of a result; null if the operation does not select it. */
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
