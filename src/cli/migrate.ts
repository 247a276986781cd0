import { migrateDatabase } from '../operations/migrate.ts'
import { command } from './command.ts'
import { withNewDatabase } from './database.ts'

export default command({
  name: 'migrate',
  description: 'Brings the database to this release’s schema. `start` does so, too.',
  args: {},
  run: () =>
    withNewDatabase(async ({ url, description, config }) => {
      await migrateDatabase(url, config.partitions)
      process.stdout.write(`${description} is up to date.\n`)
    }),
})
