/** All that the rules judge. */
import type { History, OperatorRun } from '../history.ts'
import type { Model } from '../model/fold.ts'
import type { Violation } from '../violation.ts'

/** Rows as they stand in Postgres in the end, with the columns' own names. */
export interface Tables {
  readonly availability: readonly Row[]
  readonly batchesView: readonly Row[]
  readonly orders: readonly Row[]
  readonly movements: readonly Row[]
  readonly batches: readonly Row[]
  readonly allocations: readonly Row[]
  /** Command ids. */
  readonly receipts: ReadonlySet<string>
}

export type Row = Readonly<Record<string, any>>

export interface Evidence {
  readonly history: History
  readonly model: Model
  readonly tables: Tables
  /** Reasons of messages that were given up. */
  readonly deadLetters: ReadonlySet<string>
  readonly redisLife: number
  /** `onhand verify`, once everything was quiet. */
  readonly verified: OperatorRun
}

/** @returns what breaks it */
export type Rule = (evidence: Evidence) => Violation[]
