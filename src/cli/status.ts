import { createProgressRead, summarizeProgress } from '../projector/progress.ts'
import { command } from './command.ts'
import { withSession } from './database.ts'
import { table } from './table.ts'

export default command({
  name: 'status',
  description: 'Shows the progress of each projection. Exits with 1 if one has stopped.',
  args: {},
  run: () =>
    withSession(async ({ db }, { description }) => {
      const progress = await createProgressRead(db)()
      const rows = summarizeProgress(progress, new Date()).map(
        ({ name, position, head, lag, lagMs, status }) => {
          return {
            projection: name,
            status,
            position: Number(position),
            head: Number(head),
            lag,
            'lag ms': lagMs,
          }
        },
      )
      process.stdout.write(`${description}\n\n${table(rows)}\n`)
      const stopped = progress.filter(({ error }) => error !== null)
      for (const { projection, partition, error } of stopped) {
        process.stdout.write(`\n${projection} has stopped in partition ${partition}. ${error}\n`)
      }
      return stopped.length > 0 ? 1 : 0
    }),
})
