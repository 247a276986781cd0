/** The interface of a suite. To add one, write its file in `suites/` and add it to `suites.ts`. */
import type { Table } from './support/table.ts'

export interface Suite {
  readonly name: string
  /** Description for people, one line. */
  readonly about: string
  /** Whether it runs only when it is named. */
  readonly long?: true
  /** Options for its process. */
  readonly nodeOptions?: readonly string[]
  readonly run: (bench: Bench) => Promise<Report>
}

/** The argument of a suite. */
export interface Bench {
  /** Short and imprecise: to check that the suite works, not to quote. */
  readonly quick: boolean
  /** Prints progress. */
  readonly say: (line: string) => void
  /** Registers work for the end of the suite, also after an error. The last registered runs first. */
  readonly onEnd: (clean: () => unknown) => void
}

export interface Report {
  readonly tables: readonly Table[]
  /** Explanations of the tables, one or two sentences each. */
  readonly notes: readonly string[]
  /** All measurements, before any median. */
  readonly data: unknown
}
