import { readFileSync } from 'node:fs'
import { collectDefaultMetrics } from 'prom-client'
import { orTimeout } from '../../lib/deadline.ts'
import { uncaught } from '../uncaught.ts'
import type { Instruments } from './instruments.ts'
import { READ_TIMEOUT_MS } from './projections.ts'

/** Registers metrics of the process itself. */
export function registerProcess(instruments: Instruments): void {
  const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {
    version: string
  }
  collectDefaultMetrics({ register: instruments.registry })
  instruments.gauges(
    'onhand_build_info',
    'Always 1; the labels name the versions.',
    ['version', 'node'],
    () => [[{ version, node: process.version }, 1]],
  )
  instruments.counter(
    'onhand_uncaught_errors_total',
    'Uncaught errors. The process ends at the first one.',
    () => uncaught.errors,
  )
}

/** @param server Postgres or Redis */
export const registerUp = (instruments: Instruments, server: string, isUp: () => boolean): void =>
  instruments.gauge(`onhand_${server.toLowerCase()}_up`, `1 if ${server} is available.`, () =>
    isUp() ? 1 : 0,
  )

/** @param read returns for how many seconds the oldest snapshot has been open */
export function registerOldestSnapshot(instruments: Instruments, read: () => Promise<number>): void {
  instruments.gauges(
    'onhand_oldest_snapshot_seconds',
    'How long the oldest snapshot has been open in the database. Commands become slower while one is.',
    [],
    async () => {
      const seconds = await orTimeout(read(), READ_TIMEOUT_MS).catch(() => null)
      return seconds === null ? [] : [[{}, seconds]]
    },
  )
}
