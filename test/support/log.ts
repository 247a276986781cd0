/** A logger whose lines a test can read. */
import { pino } from 'pino'
import type { Logger } from 'pino'

export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

export interface TestLog {
  readonly logger: Logger
  readonly lines: LogLine[]
  /** The messages of warnings and errors. */
  readonly warnings: () => string[]
}

const WARN = 40

export function createTestLog(): TestLog {
  const lines: LogLine[] = []
  const logger = pino({ level: 'info' }, { write: (line) => void lines.push(JSON.parse(line) as LogLine) })
  return {
    logger,
    lines,
    warnings: () => lines.filter(({ level }) => level >= WARN).map(({ msg }) => msg),
  }
}
