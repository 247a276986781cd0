/** Whether commands keep their rate while another client holds a snapshot open, as a dump does. */
import postgres from 'postgres'
import { openOnhand } from '../allocators/onhand.ts'
import type { Bench, Suite } from '../suite.ts'
import { closedLoop } from '../support/closed-loop.ts'
import type { Sample } from '../support/closed-loop.ts'
import { quiet } from '../support/machine.ts'
import { median, spread } from '../support/median.ts'
import { openPostgres } from '../support/postgres.ts'
import { allocateOne, fillStock, skus } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'
import { until } from '../../support/until.ts'

const CALLERS = 64
const TARGET = 0.9
const LOADS = ['spread', 'hot'] as const

type Phase = 'before' | 'open' | 'after'

interface Window extends Sample {
  readonly phase: Phase
  /** Events that the slowest projection had not applied at the end. */
  readonly lag: number
}

export const snapshot: Suite = {
  name: 'snapshot',
  about: 'allocations per second while a snapshot is held open for five minutes',
  async run(bench) {
    const [windowMs, without, open] = bench.quick ? [2000, 3, 8] : [5000, 6, 60]
    const { version, createDatabase } = await openPostgres(bench)
    const rows: string[][] = []
    const data: { load: string; windows: Window[] }[] = []
    for (const load of LOADS) {
      const windows = await measure(bench, await createDatabase(load), load, { windowMs, without, open })
      data.push({ load, windows })
      const rate = (of: readonly Window[]) => of.map(({ perSecond }) => perSecond)
      const baseline = rate(windows.filter(({ phase }) => phase !== 'open'))
      const held = windows.filter(({ phase }) => phase === 'open')
      const row = (what: string, of: readonly number[]) => {
        const share = median(of) / median(baseline)
        rows.push([
          load,
          what,
          formatNumber(median(of)),
          spread(of),
          `${formatNumber(share * 100)} %`,
          `>= ${TARGET * 100} %`,
        ])
      }
      row('without', baseline)
      row('open', rate(held))
      row('… its last fifth', rate(held.slice(-Math.ceil(held.length / 5))))
    }
    const lags = data.flatMap(({ windows }) => windows.map(({ lag }) => lag))
    return {
      tables: [
        {
          title: `${CALLERS} callers, all projections in the same process, Postgres ${version}; the snapshot is open for ${(open * windowMs) / 1000} s`,
          columns: ['load', 'snapshot', 'commands/s', 'spread', 'of without', 'target'],
          rows,
        },
      ],
      notes: [
        `Medians of windows of ${windowMs / 1000} s. Without: ${without} windows before the snapshot is taken and ${without} after it has ended.`,
        `The snapshot: begin isolation level repeatable read; select 1; on a connection that then does nothing.`,
        `The projections were behind by ${formatNumber(Math.max(...lags))} events at most at the end of a window.`,
      ],
      data,
    }
  },
}

async function measure(
  bench: Bench,
  databaseUrl: string,
  load: (typeof LOADS)[number],
  { windowMs, without, open }: { windowMs: number; without: number; open: number },
): Promise<Window[]> {
  await fillStock(databaseUrl)
  const { allocate, lag } = await openOnhand(bench, databaseUrl)
  if (lag === null) throw new Error('Nothing is projected.')
  const wanted = skus(load)
  const run = () =>
    closedLoop(CALLERS, windowMs, (caller) => allocate(allocateOne(wanted.next().value), caller))
  const holder = postgres(databaseUrl, { max: 1 })
  bench.onEnd(() => holder.end({ timeout: 1 }))
  const windows: Window[] = []
  async function phase(name: Phase, count: number): Promise<void> {
    for (let at = 1; at <= count; at += 1) {
      const sample = await run()
      windows.push({ phase: name, ...sample, lag: await lag!() })
      bench.say(`${load}, ${name}: ${at}/${count}, ${formatNumber(sample.perSecond)}/s`)
    }
  }

  await quiet()
  await run()
  await phase('before', without)
  const connection = await holder.reserve()
  await connection`begin isolation level repeatable read`
  await connection`select 1`
  await phase('open', open)
  await connection`commit`
  connection.release()
  await until(async () => (await lag()) === 0, 120_000)
  await phase('after', without)
  return windows
}
