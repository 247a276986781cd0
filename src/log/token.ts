/** Positions in the log as clients hold them: as text, with the epoch to which they belong. */
import { InvalidValue, parseLogPosition } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import { shorten } from '../lib/shorten.ts'
import type { Partition } from './partition.ts'

declare const brand: unique symbol

/**
 * Identifies the history of the log. Positions of one epoch are meaningless in another: after a restore, or after a failover
 * that lost commits, other events have the same positions.
 */
export type Epoch = string & { readonly [brand]: 'Epoch' }

/** One position per partition. */
export type LogPositions = ReadonlyMap<Partition, LogPosition>

/** Its text is `<epoch>.0:1234` or `<epoch>.0:1234,3:77`. Clients return it unchanged. */
export interface ConsistencyToken {
  readonly epoch: Epoch
  readonly positions: LogPositions
}

/** A client's position in the ledger: a token, or positions without an epoch, which belong to the current history. */
export interface LogCursor {
  readonly epoch: Epoch | null
  readonly positions: LogPositions
}

export const formatToken = ({ epoch, positions }: ConsistencyToken): string =>
  `${epoch}.${[...positions].map(([partition, position]) => `${partition}:${position}`).join(',')}`

const EPOCH = /^[0-9a-z]{1,32}$/
const ENTRY = /^(0|[1-9]\d{0,4}):(\d{1,19})$/
const MAX_ENTRIES = 1024

/** @throws InvalidValue */
export function parseToken(text: string): ConsistencyToken {
  const { epoch, positions } = parsePoint(text) ?? {}
  if (positions === undefined || epoch == null) {
    throw new InvalidValue(
      `${quoted(text)} is not a consistency token; use one that a mutation returned, or "latest".`,
    )
  }
  return { epoch, positions }
}

/**
 * @param partition the partition of a bare position; null if the cursor must name its partitions
 * @throws InvalidValue
 */
export function parseCursor(text: string, partition: Partition | null): LogCursor {
  const point = parsePoint(text)
  if (point !== null) return point
  if (text.includes(':'))
    throw new InvalidValue(`${quoted(text)} is not a cursor; use one that came with a result.`)
  const position = parseLogPosition(text)
  if (partition === null) {
    throw new InvalidValue(
      'The log has several partitions: give "after" a consistency token, or name a product.',
    )
  }
  return { epoch: null, positions: new Map([[partition, position]]) }
}

const quoted = (text: string): string => JSON.stringify(shorten(text, 60))

/** Parses `0:1234,3:77`, with or without an epoch; returns null for any other text. */
function parsePoint(text: string): LogCursor | null {
  const dot = text.indexOf('.')
  const epoch = dot === -1 ? null : text.slice(0, dot)
  if (epoch !== null && !EPOCH.test(epoch)) return null
  const entries = text.slice(dot + 1).split(',', MAX_ENTRIES + 1)
  if (entries.length > MAX_ENTRIES) return null
  const positions = new Map<Partition, LogPosition>()
  for (const entry of entries) {
    const match = ENTRY.exec(entry)
    if (match === null || positions.has(Number(match[1]))) return null
    positions.set(Number(match[1]), parseLogPosition(match[2] as string))
  }
  return { epoch: epoch as Epoch | null, positions }
}
