import { InvalidValue, parseLogPosition } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import { shorten } from '../lib/shorten.ts'
import type { Partition } from './partition.ts'

/**
 * A point in the log: a position for each partition that matters. As text, `0:1234` or `0:1234,3:77`.
 * Clients hand it back as it is.
 */
export type ConsistencyToken = ReadonlyMap<Partition, LogPosition>

export function formatToken(token: ConsistencyToken): string {
  return [...token].map(([partition, position]) => `${partition}:${position}`).join(',')
}

const ENTRY = /^(0|[1-9]\d{0,4}):(\d{1,19})$/
const MAX_ENTRIES = 1024

/** @throws InvalidValue */
export function parseToken(text: string): ConsistencyToken {
  const token = new Map<Partition, LogPosition>()
  const entries = text.split(',', MAX_ENTRIES + 1)
  for (const entry of entries) {
    const match = ENTRY.exec(entry)
    if (match === null || entries.length > MAX_ENTRIES) {
      throw new InvalidValue(
        `${JSON.stringify(shorten(text, 60))} is not a consistency token; use one that a mutation returned, or "latest".`,
      )
    }
    token.set(Number(match[1]), parseLogPosition(match[2] as string))
  }
  return token
}
