import { isatty } from 'node:tty'
import { destination, pino } from 'pino'
import type { Logger } from 'pino'
import pretty from 'pino-pretty'

const STDERR = 2

/** Logs to stderr: JSON lines, or readable ones on a terminal. stdout is for the output of commands. */
export function createLogger(level: string): Logger {
  const stream = isatty(STDERR)
    ? pretty({ destination: STDERR, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
    : destination({ dest: STDERR, sync: true })
  return pino({ level, redact: ['req.headers.authorization', 'req.headers.cookie'] }, stream)
}
