/** Duration of a command that removes all lines of a large batch, and how long it blocks the process. */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { pino } from 'pino'
import { v7 as uuidv7 } from 'uuid'
import type { CommandRequest, Outcome } from '../../../src/command/request.ts'
import { createWriteSide } from '../../../src/command/write-side.ts'
import { startOnhand } from '../../../src/compose.ts'
import { readConfig } from '../../../src/config.ts'
import type { Command } from '../../../src/domain/commands.ts'
import { parseBatchReference, parseCommandId, parseQuantity, parseSku } from '../../../src/domain/values.ts'
import { repeat } from '../../../src/lib/repeating.ts'
import { forCommands } from '../../../src/operations/connections.ts'
import { analyzeYoungTables } from '../../../src/operations/young-tables.ts'
import type { Bench, Suite } from '../suite.ts'
import { many } from '../support/many.ts'
import { quiet } from '../support/machine.ts'
import { openPostgres } from '../support/postgres.ts'
import { lagOf } from '../support/progress.ts'
import { allocateOne } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'

type Dispatch = (request: CommandRequest) => Promise<Outcome>

const CALLERS = 256
const SIZES = [20_000, 60_000, 100_000]
const TARGETS = '60,000 lines in 6 s; nothing else waits for longer than 200 ms'

interface Reduction {
  readonly lines: number
  /** Duration of an ordinary command, with others in parallel, before the reduction. */
  readonly allocateMicroseconds: number
  readonly seconds: number
  /** The longest time that the event loop was blocked. */
  readonly blockedMs: number
  readonly projectedSeconds: number | null
}

export const reductions: Suite = {
  name: 'reductions',
  about: 'one command that removes all lines from a batch of 60,000',
  async run(bench) {
    const { version, createDatabase } = await openPostgres(bench)
    const sizes = bench.quick ? [5000] : SIZES
    const ways = [
      { name: 'dispatcher', open: openWriteSide },
      { name: 'with projections', open: openAll },
    ]
    const rows: string[][] = []
    const data: { way: string; reductions: Reduction[] }[] = []
    for (const [at, { name, open }] of ways.entries()) {
      const { dispatch, projected } = await open(bench, await createDatabase(`reductions_${at}`))
      const found: Reduction[] = []
      for (const lines of sizes) found.push(await reduce(bench, dispatch, projected, lines))
      data.push({ way: name, reductions: found })
      for (const { lines, allocateMicroseconds, seconds, blockedMs, projectedSeconds } of found)
        rows.push([
          name,
          formatNumber(lines),
          seconds.toFixed(2),
          formatNumber((seconds * 1e6) / lines),
          formatNumber(allocateMicroseconds),
          formatNumber(blockedMs),
          projectedSeconds === null ? '–' : projectedSeconds.toFixed(2),
        ])
    }
    return {
      tables: [
        {
          title: `changeBatchQuantity to 0 of a batch with many lines of one unit, Postgres ${version}`,
          columns: ['', 'lines', 's', 'µs per line', 'µs per allocate', 'blocked ms', 'until projected, s'],
          rows,
        },
      ],
      notes: [
        `Targets: ${TARGETS}.`,
        `µs per allocate: ${CALLERS} callers allocated the lines one by one; the total time divided by their number.`,
        'blocked: the longest time that the event loop was blocked, from the command to its answer or its projection.',
      ],
      data,
    }
  },
}

async function reduce(
  bench: Bench,
  dispatch: Dispatch,
  projected: (() => Promise<void>) | null,
  lines: number,
): Promise<Reduction> {
  const sku = parseSku(`SKU-OF-${lines}`)
  const reference = parseBatchReference(`BATCH-OF-${lines}`)
  const send = async (command: Command) => {
    const outcome = await dispatch({ id: parseCommandId(uuidv7()), command })
    if (outcome.status === 'rejected') throw new Error(`Refused: ${outcome.rejection.type}`)
  }
  await send({ type: 'CreateBatch', reference, sku, quantity: parseQuantity(lines, 1), eta: null })
  const startedAt = performance.now()
  await many(lines, CALLERS, async () => void (await dispatch(allocateOne(sku))))
  const allocateMs = performance.now() - startedAt
  await projected?.()
  await quiet()

  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const sentAt = performance.now()
  await send({
    type: 'ChangeBatchQuantity',
    reference,
    quantity: parseQuantity(0, 0),
    reason: null,
    expectedVersion: null,
  })
  const answeredAt = performance.now()
  await projected?.()
  const projectedAt = performance.now()
  delay.disable()
  const seconds = (answeredAt - sentAt) / 1000
  bench.say(`${formatNumber(lines)} lines: ${seconds.toFixed(2)} s`)
  return {
    lines,
    allocateMicroseconds: (allocateMs * 1000) / lines,
    seconds,
    blockedMs: delay.max / 1e6,
    projectedSeconds: projected === null ? null : (projectedAt - sentAt) / 1000,
  }
}

async function openWriteSide(bench: Bench, databaseUrl: string) {
  const writeSide = createWriteSide({
    connection: forCommands(databaseUrl),
    partitions: 1,
    now: () => new Date(),
    onCommit: () => {},
    onCommandGroup: () => {},
  })
  bench.onEnd(() => writeSide.close())
  const statistics = repeat(
    () => analyzeYoungTables(writeSide.db),
    500,
    bench.say as (error: unknown) => void,
  )
  bench.onEnd(() => statistics.close())
  const dispatch: Dispatch = (request) => writeSide.dispatcher.dispatch(request)
  return { dispatch, projected: null }
}

async function openAll(bench: Bench, databaseUrl: string) {
  const lag = lagOf(bench, databaseUrl)
  const onhand = await startOnhand({
    config: readConfig({ PORT: '0', SEED: 'none', NODE_ENV: 'production' }),
    databaseUrl,
    logger: pino({ level: 'warn' }),
  })
  bench.onEnd(() => onhand.close())
  return { dispatch: onhand.dispatch, projected: lag.gone }
}
