/** What each kind of client of the soak costs alone: memory and CPU of a newly started server, and the latency of shoppers. */
import { startCrowd } from '../soak/crowd-process.ts'
import { crowd } from '../soak/crowd.ts'
import { openShoppers } from '../soak/honest/shoppers.ts'
import { takeSample, takeSettledSample } from '../soak/sample.ts'
import type { Sample } from '../soak/sample.ts'
import { sampleEvery } from '../soak/sampling.ts'
import { ServerLog } from '../soak/server-log.ts'
import { startCollectingServer } from '../soak/server.ts'
import type { Bench, Suite } from '../suite.ts'
import { LOAD_CORE, pin } from '../support/cores.ts'
import { openPostgres } from '../support/postgres.ts'
import { SKUS, fillStock } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'

const PURCHASES_PER_SECOND = 25
const SAMPLE_INTERVAL_MS = 500
const WARM_UP_MS = 2000
const MB = 2 ** 20

interface Measured {
  readonly visitor: string
  readonly before: Sample
  readonly during: readonly Sample[]
  readonly after: Sample
  /** CPU of the server, as a share of one core. */
  readonly cpu: number
  readonly p50Ms: number
  readonly p99Ms: number
}

export const attacks: Suite = {
  name: 'attacks',
  about: 'the cost of each attack of the soak alone',
  long: true,
  async run(bench) {
    const durationMs = bench.quick ? 5000 : 30_000
    const { version, createDatabase } = await openPostgres(bench)
    const databaseUrl = await createDatabase('attacks')
    await fillStock(databaseUrl)
    pin(process.pid, LOAD_CORE)
    const measured: Measured[] = []
    for (const visitor of ['nobody', ...crowd.map(({ name }) => name)]) {
      bench.say(visitor)
      measured.push(await measure(databaseUrl, visitor, durationMs))
    }
    return {
      tables: [
        {
          title: `Each for ${durationMs / 1000} s on a new server, Postgres ${version}; MB`,
          columns: ['who', 'RSS', 'highest', 'heap', 'afterwards', 'kept', 'CPU', 'mutation p50, ms', 'p99'],
          rows: measured.map(({ visitor, before, during, after, cpu, p50Ms, p99Ms }) => {
            const highest = (of: (sample: Sample) => number) => Math.max(...during.map(of))
            const bytes = [
              before.rss,
              highest(({ rss }) => rss),
              before.heap,
              after.heap,
              highest(({ kept }) => kept),
            ]
            return [
              visitor,
              ...bytes.map((value) => (value / MB).toFixed(1)),
              `${Math.round(cpu * 100)} %`,
              formatNumber(p50Ms),
              formatNumber(p99Ms),
            ]
          }),
        },
      ],
      notes: [
        `With ${PURCHASES_PER_SECOND} \`allocate\` mutations per second. The heap is measured after a garbage collection, at the end as soon as the client has left, when groups are still kept for clients that come back.`,
        'kept: the maximum of the memory that the server counted for clients, of 256 MB.',
      ],
      data: measured,
    }
  },
}

async function measure(databaseUrl: string, visitor: string, durationMs: number): Promise<Measured> {
  const cleaners: (() => unknown)[] = []
  const own: Pick<Bench, 'onEnd'> = { onEnd: (clean) => cleaners.push(clean) }
  try {
    const server = await startCollectingServer(own, databaseUrl, new ServerLog())
    const target = { url: new URL(server.url).origin, skus: SKUS.slice(0, 100) }
    const shoppers = openShoppers(own, target)
    await shoppers.shop(PURCHASES_PER_SECOND, WARM_UP_MS)
    const before = await takeSettledSample(server)
    const startedAt = performance.now()
    const visit = startCrowd(own, target, [visitor])
    const during: Sample[] = []
    const stopSampling = sampleEvery(SAMPLE_INTERVAL_MS, server, (sample) => during.push(sample))
    const latencies = await shoppers.shop(PURCHASES_PER_SECOND, durationMs)
    const { cpuSeconds } = await takeSample(server)
    const cpu = (cpuSeconds - before.cpuSeconds) / ((performance.now() - startedAt) / 1000)
    await stopSampling()
    await visit.leave()
    const after = await takeSettledSample(server)
    return {
      visitor,
      before,
      during,
      after,
      cpu,
      p50Ms: latencies.percentile(50),
      p99Ms: latencies.percentile(99),
    }
  } finally {
    for (const clean of cleaners.toReversed()) await clean()
  }
}
