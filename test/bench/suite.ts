/** What a suite of benchmarks is. To add one: write its file in `suites/`, name it in `suites.ts`. */
import type { Table } from './support/table.ts'

export interface Suite {
  readonly name: string
  /** For people, one line. */
  readonly about: string
  /** Runs only if it is asked for by name. */
  readonly long?: true
  /** For the process of its own that it runs in. */
  readonly nodeOptions?: readonly string[]
  readonly run: (bench: Bench) => Promise<Report>
}

/** What a suite is given. */
export interface Bench {
  /** Short and rough: to see that it works, not to quote. */
  readonly quick: boolean
  /** Progress, for people. */
  readonly say: (line: string) => void
  /** Cleans up when the suite has ended, however it ended; the last first. */
  readonly onEnd: (clean: () => unknown) => void
}

export interface Report {
  readonly tables: readonly Table[]
  /** What one must know to read the tables, a sentence or two each. */
  readonly notes: readonly string[]
  /** All that was measured, before any median. */
  readonly data: unknown
}
