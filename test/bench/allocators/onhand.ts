import { pino } from 'pino'
import { startOnhand } from '../../../src/compose.ts'
import { readConfig } from '../../../src/config.ts'
import type { Bench } from '../suite.ts'
import { lagOf } from '../support/progress.ts'
import type { Allocator } from './allocator.ts'
import { allocateWith } from './dispatcher.ts'

/** A complete Onhand in this process: commits are projected at once, on the same cores. */
export async function openOnhand(bench: Bench, databaseUrl: string): Promise<Allocator> {
  const lag = lagOf(bench, databaseUrl)
  const onhand = await startOnhand({
    config: readConfig({ PORT: '0', SEED: 'none', NODE_ENV: 'production' }),
    databaseUrl,
    logger: pino({ level: 'warn' }),
  })
  bench.onEnd(() => onhand.close())
  return {
    name: 'dispatcher, projecting',
    allocate: allocateWith(onhand.dispatch),
    servedElsewhere: false,
    lag: lag.read,
  }
}
