/** How long a change takes to reach watchers, at a steady load. */
import type { Suite } from '../suite.ts'
import { LOAD_CORE, canPin, pin } from '../support/cores.ts'
import { openLiveRounds } from '../support/live-rounds.ts'
import { quiet } from '../support/machine.ts'
import { median, spread } from '../support/median.ts'
import { openPostgres } from '../support/postgres.ts'
import { startServer } from '../support/server-process.ts'
import { SKUS, fillStock } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'

const LOAD = {
  skus: SKUS.slice(0, 100),
  productsAWatcher: 5,
  ledgerWatchers: 5,
  commandsPerSecond: 500,
  connections: 64,
}

const TARGET = 'p50 <= 10, p99 <= 50'
const PATHS = [
  { path: 'commit → availabilityChanged', target: TARGET },
  { path: 'commit → stockMoved', target: TARGET },
  { path: 'due → answer', target: '–' },
  { path: 'due → availabilityChanged', target: '–' },
] as const

export const live: Suite = {
  name: 'live',
  about: `milliseconds from the commit to the watcher, at ${LOAD.commandsPerSecond} commands a second`,
  async run(bench) {
    const [rounds, durationMs] = bench.quick ? [2, 3000] : [3, 10_000]
    const { version, createDatabase } = await openPostgres(bench, { track_commit_timestamp: 'on' })
    const databaseUrl = await createDatabase('live')
    await fillStock(databaseUrl)
    const { url } = await startServer(bench, databaseUrl)
    pin(process.pid, LOAD_CORE)
    const measure = await openLiveRounds(bench, { ...LOAD, url, databaseUrl })
    const samples: Awaited<ReturnType<typeof measure>>[] = []
    for (let round = 0; round <= rounds; round += 1) {
      bench.say(round === 0 ? 'warming up' : `round ${round}/${rounds}`)
      await quiet()
      const sample = await measure(durationMs)
      if (round > 0) samples.push(sample)
    }
    const { commandsPerSecond, skus, productsAWatcher, ledgerWatchers } = LOAD
    return {
      tables: [
        {
          title: `Live, ms, Postgres ${version}, medians of ${rounds} rounds of ${durationMs / 1000} s`,
          columns: ['from → to', 'p50', 'spread', 'p99', 'spread', 'max', 'target'],
          rows: PATHS.map(({ path, target }) => {
            const own = samples.map((sample) => sample[path])
            const p50s = own.map(({ p50Ms }) => p50Ms)
            const p99s = own.map(({ p99Ms }) => p99Ms)
            const max = Math.max(...own.map(({ maxMs }) => maxMs))
            const cells = [p50s, p99s].flatMap((ms) => [formatNumber(median(ms)), spread(ms)])
            return [path, ...cells, formatNumber(max), target]
          }),
        },
      ],
      notes: [
        `${commandsPerSecond} \`allocate\` mutations per second over HTTP, on a fixed schedule, for ${skus.length} products. Each product is watched by one of ${skus.length / productsAWatcher} sockets, and ${ledgerWatchers} more watch the whole ledger.`,
        'commit: the time that Postgres records, just before it waits for the disk. due: the scheduled time of the mutation.',
        'availabilityChanged: until the watcher has the state of the product after the command, or a later one.',
        canPin
          ? 'The server has one core, load and watchers the other, Postgres both.'
          : 'There is no taskset here, so the server, the load and the watchers share the cores.',
      ],
      data: samples,
    }
  },
}
