/** Everything that the rules check. */
import type { History, OperatorRun } from '../history.ts'
import type { Model } from '../model/fold.ts'
import type { Violation } from '../violation.ts'

/** The final rows in Postgres, by column name. */
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
  /** The run of `onhand verify` after nothing changed any more. */
  readonly verified: OperatorRun
}

/** @returns the violations of the rule */
export type Rule = (evidence: Evidence) => Violation[]
