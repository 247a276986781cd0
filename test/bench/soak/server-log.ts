/** What the server has logged: how often each message came, by level. */
import type { Table } from '../support/table.ts'

const WARN = 40
const ERROR = 50
const LEVELS: Readonly<Record<number, string>> = { 40: 'warn', 50: 'error', 60: 'fatal' }

interface Message {
  readonly level: number
  readonly text: string
  /** The first of them, whole. */
  readonly line: string
  times: number
}

export class ServerLog {
  readonly #messages = new Map<string, Message>()

  /** What is no JSON has not come from the logger: Node says it before the process ends. */
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
      title: 'What the server logged, from warnings on',
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
