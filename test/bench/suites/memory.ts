/** Whether memory grows with the number of commands. */
import { openOnhand } from '../allocators/onhand.ts'
import type { Suite } from '../suite.ts'
import { many } from '../support/many.ts'
import { openPostgres } from '../support/postgres.ts'
import { slope } from '../support/slope.ts'
import { allocateOne, fillStock, skus } from '../support/stock.ts'
import { formatNumber } from '../support/table.ts'
import { until } from '../../support/until.ts'

const CALLERS = 256
const MB = 2 ** 20
/** The limit for a flat curve: well below one small object per command. */
const FLAT_BYTES_PER_COMMAND = 16

interface Sample {
  readonly commands: number
  readonly rss: number
  readonly heapUsed: number
  readonly external: number
}

export const memory: Suite = {
  name: 'memory',
  about: 'RSS over a million commands in one process with projectors',
  long: true,
  nodeOptions: ['--expose-gc'],
  async run(bench) {
    const [total, step, settled] = bench.quick ? [200_000, 10_000, 40_000] : [1_000_000, 50_000, 200_000]
    const { version, createDatabase } = await openPostgres(bench)
    const databaseUrl = await createDatabase('memory')
    await fillStock(databaseUrl)
    const { allocate, lag } = await openOnhand(bench, databaseUrl)
    const wanted = skus('spread')
    const samples: Sample[] = []
    for (let commands = 0; commands <= total; commands += step) {
      if (commands > 0) await many(step, CALLERS, () => allocate(allocateOne(wanted.next().value), 0))
      await until(async () => (await lag?.()) === 0)
      samples.push(await sample(commands))
      bench.say(`${formatNumber(commands)} commands`)
    }
    const after = samples.filter(({ commands }) => commands >= settled)
    const perCommand = (of: 'rss' | 'heapUsed') =>
      slope(after.map((point) => ({ x: point.commands, y: point[of] })))
    const flat = perCommand('rss') <= FLAT_BYTES_PER_COMMAND
    return {
      tables: [
        {
          title: `Memory, MB, after a forced collection, Postgres ${version}`,
          columns: ['commands', 'RSS', 'heap', 'external'],
          rows: samples.map(({ commands, rss, heapUsed, external }) => [
            formatNumber(commands),
            ...[rss, heapUsed, external].map((bytes) => (bytes / MB).toFixed(1)),
          ]),
        },
        {
          title: `Bytes per command, after the first ${formatNumber(settled)}`,
          columns: ['RSS', 'heap', 'criterion', 'RSS is'],
          rows: [
            [
              perCommand('rss').toFixed(1),
              perCommand('heapUsed').toFixed(1),
              `<= ${FLAT_BYTES_PER_COMMAND}`,
              flat ? 'flat' : 'NOT FLAT',
            ],
          ],
        },
      ],
      notes: [
        'The slope is the median of the slopes between all pairs of samples (Theil–Sen), which is robust against outliers.',
        'Each sample is taken when all projections have caught up, after two collections.',
      ],
      data: { samples, flat },
    }
  },
}

async function sample(commands: number): Promise<Sample> {
  // The second collection frees what finalizers released after the first.
  globalThis.gc?.()
  await new Promise((resolve) => setTimeout(resolve, 50))
  globalThis.gc?.()
  const { rss, heapUsed, external } = process.memoryUsage()
  return { commands, rss, heapUsed, external }
}
