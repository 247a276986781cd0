/**
 * Checks for half an hour that nothing grows and no client affects another, with honest, slow and reconnecting clients and attackers.
 * Honest watchers and shoppers stay for the whole time. The crowd comes for a minute and leaves, and a sample is taken of what the
 * server holds; then the crowd comes for the rest of the time and leaves, and a second sample is compared with the first.
 */
import { until } from '../../support/until.ts'
import { startCrowd } from '../soak/crowd-process.ts'
import type { Tallies } from '../soak/crowd-process.ts'
import { openLedgerWatchers } from '../soak/honest/ledger-watchers.ts'
import { openShoppers } from '../soak/honest/shoppers.ts'
import { openStateWatchers } from '../soak/honest/state-watchers.ts'
import { takeSample } from '../soak/sample.ts'
import type { Sample } from '../soak/sample.ts'
import { sampleEvery } from '../soak/sampling.ts'
import { ServerLog } from '../soak/server-log.ts'
import { startCollectingServer } from '../soak/server.ts'
import { settle } from '../soak/settle.ts'
import { findingTable, outcomeTable, waitTable } from '../soak/tables.ts'
import type { Wait } from '../soak/tables.ts'
import { checkTruth } from '../soak/truth.ts'
import { compareSamples } from '../soak/verdicts.ts'
import type { Bench, Suite } from '../suite.ts'
import { LOAD_CORE, canPin, pin } from '../support/cores.ts'
import { openPostgres } from '../support/postgres.ts'
import { SKUS, fillStock } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'

const PURCHASES_PER_SECOND = 25
const WATCHED = SKUS.slice(0, 100)
const SAMPLE_INTERVAL_MS = 10_000

/** The phases, each with its duration and whether the crowd is there. */
function phases({ quick }: Bench) {
  const [quietMs, firstMs, restMs] = quick ? [5000, 20_000, 30_000] : [60_000, 60_000, 27 * 60_000]
  return [
    { phase: 'quiet, before', durationMs: quietMs, crowded: false },
    { phase: 'the first minute', durationMs: firstMs, crowded: true },
    { phase: 'the rest', durationMs: restMs, crowded: true },
    { phase: 'quiet, at the end', durationMs: quietMs, crowded: false },
  ] as const
}

export const soak: Suite = {
  name: 'soak',
  about: 'half an hour of honest clients, slow ones, reconnecting ones and attacks together',
  long: true,
  async run(bench) {
    const { version, createDatabase } = await openPostgres(bench)
    const databaseUrl = await createDatabase('soak')
    await fillStock(databaseUrl)
    const log = new ServerLog()
    const server = await startCollectingServer(bench, databaseUrl, log)
    pin(process.pid, LOAD_CORE)
    const target = { url: new URL(server.url).origin, skus: WATCHED }
    const shoppers = openShoppers(bench, target)
    const states = await openStateWatchers(bench, target)
    const ledgers = await openLedgerWatchers(bench, target)
    await until(states.areReady)
    await until(() => ledgers.positions.every((position) => position === 2 * SKUS.length))
    const present = await takeSample(server)

    const samples: { during: Sample[]; settled: Sample[] } = { during: [], settled: [] }
    const waits: Wait[] = []
    const visits: Tallies[] = []
    for (const { phase, durationMs, crowded } of phases(bench)) {
      const visitors = crowded ? startCrowd(bench, target) : null
      const stopSampling = sampleEvery(SAMPLE_INTERVAL_MS, server, (sample) => {
        samples.during.push(sample)
        bench.say(`${phase}: ${describeSample(sample)}`)
      })
      const [startedAt, { cpuSeconds }] = [performance.now(), await takeSample(server)]
      const latencies = await shoppers.shop(PURCHASES_PER_SECOND, durationMs)
      const cpu =
        ((await takeSample(server)).cpuSeconds - cpuSeconds) / ((performance.now() - startedAt) / 1000)
      waits.push({ phase, crowded, latencies, cpu })
      await stopSampling()
      if (visitors !== null) visits.push(await visitors.leave())
      samples.settled.push(await settle(server, present))
    }
    const [before, afterFirstMinute, , atEnd] = samples.settled as [Sample, Sample, Sample, Sample]
    const truth = await checkTruth(databaseUrl, { states, ledgers, shoppers })
    const sameProcess = !server.hasEnded() && before.startedAt === atEnd.startedAt
    const findings = [
      ...truth,
      { claim: 'the server is the same process', problem: sameProcess ? null : 'it was restarted' },
      { claim: 'the server logged no error', problem: log.errors === 0 ? null : `${log.errors}` },
    ]
    return {
      tables: [
        compareSamples(`What the server holds, Postgres ${version}`, {
          before,
          afterFirstMinute,
          atEnd,
          during: samples.during,
        }),
        waitTable(waits),
        outcomeTable(visits),
        findingTable(findings),
        log.table(),
      ],
      notes: [
        `${PURCHASES_PER_SECOND} \`allocate\` mutations per second over HTTP, on a fixed schedule. ${states.shown.length} watchers of ${WATCHED.length} products, and ${ledgers.positions.length} of the whole ledger, stay from start to end.`,
        'Samples are taken after the crowd has left, its groups have ended, and garbage was collected. Highest meanwhile: at any moment, including garbage.',
        'The duration of a mutation is from its scheduled time until its answer.',
        canPin
          ? 'The server has one core, all clients the other, Postgres both.'
          : 'There is no taskset here, so the server and the clients share the cores.',
      ],
      data: {
        samples,
        waits: waits.map(({ phase, cpu, latencies }) => ({ phase, cpu, ...latencies.summary() })),
        visits,
        findings,
        log: log.messages,
      },
    }
  },
}

function describeSample({ rss, heap, kept, groups, sockets, descriptors }: Sample): string {
  const [rssMb, heapMb, keptMb] = [rss, heap, kept].map((bytes) => formatNumber(bytes / 2 ** 20))
  return `RSS ${rssMb} MB, heap ${heapMb} MB, kept ${keptMb} MB, ${groups} groups, ${sockets} sockets, ${descriptors} descriptors`
}
