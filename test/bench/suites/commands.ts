/** Allocations per second: hot (one product) and spread (over 1,000), with few and with many callers. */
import type { Allocator } from '../allocators/allocator.ts'
import { openDispatcher } from '../allocators/dispatcher.ts'
import { openGraphql } from '../allocators/graphql.ts'
import { openOnhand } from '../allocators/onhand.ts'
import { openTextbook } from '../allocators/textbook.ts'
import type { Suite } from '../suite.ts'
import { closedLoop } from '../support/closed-loop.ts'
import type { Sample } from '../support/closed-loop.ts'
import { ALL_CORES, LOAD_CORE, canPin, pin } from '../support/cores.ts'
import { quiet } from '../support/machine.ts'
import { median } from '../support/median.ts'
import { openPostgres } from '../support/postgres.ts'
import { interleave, summarize, summaryColumns } from '../support/rounds.ts'
import { allocateOne, fillStock, skus } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'
import { until } from '../../support/until.ts'

const LOADS = [
  { which: 'hot', callers: 32 },
  { which: 'hot', callers: 256 },
  { which: 'spread', callers: 32 },
  { which: 'spread', callers: 256 },
] as const

type Load = (typeof LOADS)[number]

/** Targets for the dispatcher, as multiples of the baseline. */
const TARGETS = new Map([
  ['hot 256', 20],
  ['spread 256', 5],
])

interface Measured extends Sample {
  readonly lagAtEnd: number
  readonly quiet: boolean
}

export const commands: Suite = {
  name: 'commands',
  about: 'allocations per second, compared with a textbook transaction',
  async run(bench) {
    const { quick, say } = bench
    const [rounds, durationMs, warmUpMs] = quick ? [2, 1000, 1000] : [3, 3000, 2000]
    const { version, createDatabase } = await openPostgres(bench)
    async function filled(name: string): Promise<string> {
      const url = await createDatabase(name)
      await fillStock(url)
      return url
    }
    const textbook = await openTextbook(bench, await filled('textbook'))
    const ours = [
      openDispatcher(bench, await filled('dispatcher')),
      await openOnhand(bench, await filled('onhand')),
      await openGraphql(bench, await filled('graphql')),
    ]

    const data: { load: Load; allocator: string; samples: Measured[] }[] = []
    const rows: string[][] = []
    for (const load of LOADS) {
      const name = `${load.which} ${load.callers}`
      say(`${name}: warming up`)
      const allocators = [textbook, ...ours]
      for (const allocator of allocators) await measure(allocator, load, warmUpMs)
      const samples = await interleave(allocators, rounds, async (allocator, round) => {
        say(`${name}: round ${round + 1}/${rounds}, ${allocator.name}`)
        return measure(allocator, load, durationMs)
      })
      const baseline = perSecond(samples.get(textbook) ?? [])
      for (const [allocator, own] of samples) {
        const ratio = `${formatNumber(perSecond(own) / baseline)}x`
        const target = allocator.name === 'dispatcher' ? TARGETS.get(name) : undefined
        const lag = allocator.lag === null ? '–' : formatNumber(median(own.map(({ lagAtEnd }) => lagAtEnd)))
        rows.push([name, allocator.name, ...summarize(own), ratio, target ? `>= ${target}x` : '–', lag])
        data.push({ load, allocator: allocator.name, samples: own })
      }
    }
    const busy = data.flatMap(({ samples }) => samples).filter((sample) => !sample.quiet).length
    return {
      tables: [
        {
          title: `Allocations, Postgres ${version}, medians of ${rounds} rounds of ${durationMs / 1000} s`,
          columns: ['load', 'by', ...summaryColumns, 'textbook', 'target', 'lag'],
          rows,
        },
      ],
      notes: [
        'load: hot is one product, spread is 1,000; the number is that of callers, each of which waits for its answer.',
        'lag: events that the slowest projection had not applied when the load ended.',
        'Load and Postgres share the cores with the measured code; the baseline of GraphQL does not use GraphQL.',
        canPin
          ? 'GraphQL: the server has one core, the load another, Postgres both.'
          : 'GraphQL: there is no taskset here, so the server and the load share the cores.',
        `${busy} of ${data.length * rounds} measurements began while other programs used the machine.`,
      ],
      data,
    }
  },
}

async function measure(
  allocator: Allocator,
  { which, callers }: Load,
  durationMs: number,
): Promise<Measured> {
  const calm = await quiet()
  pin(process.pid, allocator.servedElsewhere ? LOAD_CORE : ALL_CORES)
  const wanted = skus(which)
  const sample = await closedLoop(callers, durationMs, (caller) =>
    allocator.allocate(allocateOne(wanted.next().value), caller),
  )
  const lagAtEnd = (await allocator.lag?.()) ?? 0
  pin(process.pid, ALL_CORES)
  // Wait for the projections, so that they do not slow down the next measurement.
  await until(async () => ((await allocator.lag?.()) ?? 0) === 0, 120_000)
  return { ...sample, lagAtEnd, quiet: calm }
}

const perSecond = (samples: readonly Sample[]): number => median(samples.map((sample) => sample.perSecond))
