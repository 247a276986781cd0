/** How fast `onhand verify` is, compared with a bare read of the log. */
import { createLogReader } from '../../../src/log/read.ts'
import { openSession } from '../../../src/lib/postgres.ts'
import { forVerifying } from '../../../src/operations/connections.ts'
import { verifyDatabase } from '../../../src/operations/verify.ts'
import { projections } from '../../../src/projection/all.ts'
import { COPY_PAGE_EVENTS } from '../../../src/projector/copy.ts'
import { openDispatcher } from '../allocators/dispatcher.ts'
import type { Suite } from '../suite.ts'
import { quiet } from '../support/machine.ts'
import { many } from '../support/many.ts'
import { median, spread } from '../support/median.ts'
import { openPostgres } from '../support/postgres.ts'
import { catchUp, headOf } from '../support/projecting.ts'
import { interleave } from '../support/rounds.ts'
import { fillStock, orderLines } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'

const CALLERS = 512
const LINES_AN_ORDER = 3
const SAMPLE_MS = 50
const MB = 2 ** 20
/** 1,000,000 events in a minute. */
const TARGET = 1_000_000 / 60

interface Sample {
  readonly perSecond: number
  readonly peakRss: number
}

export const verify: Suite = {
  name: 'verify',
  about: 'verified events per second, and the memory of verify',
  long: true,
  async run(bench) {
    const [rounds, events] = bench.quick ? [1, 50_000] : [3, 1_000_000]
    const { version, createDatabase } = await openPostgres(bench)
    const databaseUrl = await createDatabase('verify')
    await fillStock(databaseUrl)
    bench.say(`logging ${formatNumber(events)} events`)
    const { allocate } = openDispatcher(bench, databaseUrl)
    const lines = orderLines(LINES_AN_ORDER)
    await many(events, CALLERS, () => allocate(lines.next().value, 0))
    const head = await headOf(databaseUrl)
    for (const projection of projections) {
      bench.say(`projecting ${projection.name}`)
      await catchUp(databaseUrl, projection, head)
    }
    const ways = [
      { name: 'read of the log', run: () => readLog(databaseUrl) },
      { name: 'verify', run: () => verifyAll(databaseUrl) },
    ] as const
    const samples = await interleave(ways, rounds, async ({ name, run }, round): Promise<Sample> => {
      bench.say(`${name}: round ${round + 1}/${rounds}`)
      await quiet()
      const startedAt = performance.now()
      const peakRss = await peakRssOf(run)
      return { perSecond: Number(head.position) / ((performance.now() - startedAt) / 1000), peakRss }
    })
    const results = ways.map((way) => ({ name: way.name, samples: samples.get(way) ?? [] }))
    const rate = (of: readonly Sample[]) => of.map(({ perSecond }) => perSecond)
    const [bare] = results as [(typeof results)[number]]
    return {
      tables: [
        {
          title: `A log of ${formatNumber(Number(head.position))} events, Postgres ${version}, medians of ${rounds} rounds`,
          columns: ['what', 'events/s', 'spread', 'of the bare read', 'peak RSS MB', 'target'],
          rows: results.map(({ name, samples: of }) => [
            name,
            formatNumber(median(rate(of))),
            spread(rate(of)),
            `${formatNumber((100 * median(rate(of))) / median(rate(bare.samples)))} %`,
            formatNumber(Math.max(...of.map(({ peakRss }) => peakRss)) / MB),
            name === 'verify' ? `>= ${formatNumber(TARGET)}` : '',
          ]),
        },
      ],
      notes: [
        `The log: ${LINES_AN_ORDER} lines per order, 1,000 products, and one receipt per event; no other load.`,
        `The bare read: complete commits, ${formatNumber(COPY_PAGE_EVENTS)} events at a time, decoded and discarded.`,
        'RSS is that of the process, which has also created the log, sampled during the run.',
      ],
      data: { results },
    }
  },
}

async function readLog(databaseUrl: string): Promise<void> {
  const session = openSession(forVerifying(databaseUrl))
  const log = createLogReader(session.db)
  for (const [partition, head] of await log.heads()) {
    for (let at = 0n as typeof head.position; at < head.position;) {
      const page = await log.read(partition, at, COPY_PAGE_EVENTS)
      at = page.at(-1)?.position ?? head.position
    }
  }
  await session.close()
}

async function verifyAll(databaseUrl: string): Promise<void> {
  const checks = await verifyDatabase({
    openSession: () => openSession(forVerifying(databaseUrl)),
    receiptRetentionHours: 72,
    onCheck: () => {},
    onProgress: () => {},
  })
  const broken = checks.find(({ holds }) => !holds)
  if (broken !== undefined) throw new Error(`${broken.claim} ${broken.detail}`)
}

/** Measures the maximum memory of this process during `work`, in bytes. */
async function peakRssOf(work: () => Promise<void>): Promise<number> {
  let peak = process.memoryUsage.rss()
  const sampling = setInterval(() => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }, SAMPLE_MS)
  try {
    await work()
  } finally {
    clearInterval(sampling)
  }
  return peak
}
