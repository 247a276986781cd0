/** Projected events per second: after a burst of commands, from an empty table, and in a rebuild. */
import { projections as all } from '../../../src/projection/all.ts'
import { openDispatcher } from '../allocators/dispatcher.ts'
import { openOnhand } from '../allocators/onhand.ts'
import type { Bench, Suite } from '../suite.ts'
import { quiet } from '../support/machine.ts'
import { many } from '../support/many.ts'
import { median, spread } from '../support/median.ts'
import { openPostgres } from '../support/postgres.ts'
import { catchUp, empty, headOf, rebuild } from '../support/projecting.ts'
import { interleave } from '../support/rounds.ts'
import { allocateOne, fillStock, orderLines, skus } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'
import { until } from '../../support/until.ts'

const CALLERS = 256
const TARGET = `>= ${formatNumber(50_000)}`
const LINES_AN_ORDER = 3

export const projections: Suite = {
  name: 'projections',
  about: 'projected events per second: live, from an empty table, and rebuilt',
  async run(bench) {
    const [rounds, burst, events] = bench.quick ? [2, 10_000, 30_000] : [3, 50_000, 300_000]
    const { version, createDatabase } = await openPostgres(bench)
    const bursts = await projectBursts(bench, await createDatabase('live'), rounds, burst)
    const replays = await projectLog(bench, await createDatabase('log'), rounds, events)
    const column = (name: keyof (typeof bursts)[number]) => bursts.map((sample) => sample[name])
    return {
      tables: [
        {
          title: `A burst of ${formatNumber(burst)} commands, Postgres ${version}, medians of ${rounds} rounds`,
          columns: ['commands/s', 'spread', 'lag at its end', 'projected/s', 'spread', 'of the rest/s'],
          rows: [
            [
              formatNumber(median(column('commandsPerSecond'))),
              spread(column('commandsPerSecond')),
              formatNumber(median(column('lagAtEnd'))),
              formatNumber(median(column('projectedPerSecond'))),
              spread(column('projectedPerSecond')),
              formatNumber(median(column('restPerSecond'))),
            ],
          ],
        },
        {
          title: `A log of ${formatNumber(events)} events, medians of ${rounds} rounds`,
          columns: ['projection', 'how', 'events/s', 'spread', 'target'],
          rows: replays.map(({ name, how, perSecond }) => [
            name,
            how,
            formatNumber(median(perSecond)),
            spread(perSecond),
            TARGET,
          ]),
        },
      ],
      notes: [
        `The burst: ${CALLERS} callers and all projectors in one process, 1,000 products. Projected/s counts from the first command until the slowest projection had applied the last event, on cores that also executed the commands; of the rest/s counts the events that were left when the last command was answered.`,
        `The log: ${LINES_AN_ORDER} lines per order, 1,000 products; no other load. Caught up: by the usual projector, from an empty table. Rebuilt: a second table with its indexes, compared with the first, and swapped.`,
      ],
      data: { bursts, replays },
    }
  },
}

async function projectBursts(bench: Bench, databaseUrl: string, rounds: number, burst: number) {
  await fillStock(databaseUrl)
  const { allocate, lag } = await openOnhand(bench, databaseUrl)
  if (lag === null) throw new Error('Nothing is projected.')
  const wanted = skus('spread')
  const samples = []
  for (let round = 0; round <= rounds; round += 1) {
    bench.say(round === 0 ? 'burst: warming up' : `burst: round ${round}/${rounds}`)
    await quiet()
    const startedAt = performance.now()
    await many(burst, CALLERS, () => allocate(allocateOne(wanted.next().value), 0))
    const answeredAt = performance.now()
    const lagAtEnd = await lag()
    await until(async () => (await lag()) === 0, 120_000)
    const sample = {
      commandsPerSecond: burst / ((answeredAt - startedAt) / 1000),
      lagAtEnd,
      projectedPerSecond: perSecond(burst, startedAt),
      restPerSecond: perSecond(lagAtEnd, answeredAt),
    }
    if (round > 0) samples.push(sample)
  }
  return samples
}

async function projectLog({ quick, say, onEnd }: Bench, databaseUrl: string, rounds: number, events: number) {
  await fillStock(databaseUrl)
  say(`logging ${formatNumber(events)} events`)
  const { allocate } = openDispatcher({ quick, say, onEnd }, databaseUrl)
  const lines = orderLines(LINES_AN_ORDER)
  await many(events, CALLERS, () => allocate(lines.next().value, 0))
  const head = await headOf(databaseUrl)
  const ways = [
    ...all.flatMap((one) => [
      { name: one.name, projections: [one], how: 'caught up' },
      { name: one.name, projections: [one], how: 'rebuilt' },
    ]),
    { name: 'all at once', projections: all, how: 'caught up' },
  ]
  const samples = await interleave(ways, rounds, async ({ name, projections, how }, round) => {
    say(`${name}, ${how}: round ${round + 1}/${rounds}`)
    for (const projection of projections) {
      if (how === 'caught up') await empty(databaseUrl, projection)
      else await catchUp(databaseUrl, projection, head)
    }
    await quiet()
    const startedAt = performance.now()
    await Promise.all(
      projections.map((projection) =>
        how === 'caught up' ? catchUp(databaseUrl, projection, head) : rebuild(databaseUrl, projection),
      ),
    )
    return perSecond(Number(head), startedAt)
  })
  return ways.map((way) => ({ name: way.name, how: way.how, perSecond: samples.get(way) ?? [] }))
}

const perSecond = (count: number, startedAt: number): number =>
  count / ((performance.now() - startedAt) / 1000)
