/** The log of the server: the number of each message, by level. */
import type { Table } from '../support/table.ts'

const WARN = 40
const ERROR = 50
const LEVELS: Readonly<Record<number, string>> = { 40: 'warn', 50: 'error', 60: 'fatal' }

interface Message {
  readonly level: number
  readonly text: string
  /** The first of these messages, complete. */
  readonly line: string
  times: number
}

export class ServerLog {
  readonly #messages = new Map<string, Message>()

  /** A line that is not JSON is not from the logger, but from Node before the process ends. */
  take(line: string): void {
    const { level, msg } = parse(line)
    if (level < WARN) return
    const key = `${level} ${msg}`
    const message = this.#messages.get(key) ?? { level, text: msg, line, times: 0 }
    message.times += 1
    this.#messages.set(key, message)
  }

  get messages(): readonly Message[] {
    return [...this.#messages.values()]
  }

  get errors(): number {
    return this.messages.reduce((sum, { level, times }) => (level >= ERROR ? sum + times : sum), 0)
  }

  table(): Table {
    return {
      title: 'Log of the server, warnings and errors',
      columns: ['level', 'message', 'times'],
      rows: this.messages.map(({ level, text, times }) => [
        LEVELS[level] ?? String(level),
        text,
        String(times),
      ]),
    }
  }
}

function parse(line: string): { level: number; msg: string } {
  try {
    return JSON.parse(line) as { level: number; msg: string }
  } catch {
    return { level: ERROR, msg: line }
  }
}
