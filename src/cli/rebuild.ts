import { projections } from '../projection/all.ts'
import { rebuildProjection } from '../projector/rebuild.ts'
import { UsageError, command } from './command.ts'
import { withSession } from './database.ts'
import { startProgress } from './progress.ts'

const NAMES = projections.map(({ name }) => name)

export default command({
  name: 'rebuild',
  description: 'Makes a projection anew from the log, while the old one goes on serving.',
  args: {
    projection: { type: 'positional', description: `${NAMES.join(', ')}, or all`, required: true },
    'accept-differences': {
      type: 'boolean',
      description:
        'Put the new one in place even if it is not like the old one: after a change of what it shows.',
      default: false,
    },
  },
  run: ({ projection: asked, 'accept-differences': acceptDifferences }) => {
    const chosen = projections.filter(({ name }) => asked === 'all' || name === asked)
    if (chosen.length === 0) {
      throw new UsageError(
        `There is no projection ${asked}; there are ${NAMES.join(', ')}, or all of them: all.`,
      )
    }
    return withSession(async (session) => {
      for (const projection of chosen) {
        const progress = startProgress(projection.name, 'events')
        const startedAt = performance.now()
        const { events, rows, differed } = await rebuildProjection({
          session,
          projection,
          acceptDifferences,
          onProgress: (done, total) => progress.update(Number(done), Number(total)),
        }).finally(() => progress.end())
        const seconds = (performance.now() - startedAt) / 1000
        process.stdout.write(
          `${projection.name}: ${rows} rows from ${events} events in ${seconds.toFixed(1)} s, ${differed ? 'unlike' : 'like'} the ones before.\n`,
        )
      }
    })
  },
})
