import { createWriteSide } from '../command/write-side.ts'
import { createLogReader } from '../log/read.ts'
import { forCommands } from '../operations/connections.ts'
import { migrateDatabase } from '../operations/migrate.ts'
import { seed } from '../operations/seed.ts'
import { UsageError, command } from './command.ts'
import { withNewDatabase } from './database.ts'

export default command({
  name: 'seed',
  description: 'Loads the sample catalogue into an empty log. `start` does this, too, with SEED=sample.',
  args: {},
  run: () =>
    withNewDatabase(async ({ url, config: { partitions } }) => {
      await migrateDatabase(url, partitions)
      const writeSide = createWriteSide({
        connection: forCommands(url),
        partitions,
        now: () => new Date(),
        onCommit: () => {},
        onCommandGroup: () => {},
      })
      try {
        const heads = await createLogReader(writeSide.db).heads()
        if ([...heads].some(([, head]) => head.position > 0n)) {
          throw new UsageError(
            'The log is not empty, so the sample catalogue was not loaded. `onhand reset` empties the log.',
          )
        }
        const { products, orders } = await seed(
          (request) => writeSide.dispatcher.dispatch(request),
          new Date(),
        )
        process.stdout.write(`Loaded ${products} products and ${orders} orders.\n`)
      } finally {
        await writeSide.close()
      }
    }),
})
