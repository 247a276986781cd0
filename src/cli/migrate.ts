import { migrateDatabase, readMissingRoles } from '../operations/migrate.ts'
import { command } from './command.ts'
import { withNewDatabase } from './database.ts'

export default command({
  name: 'migrate',
  description: 'Brings the database to this release’s schema. `start` does so, too.',
  args: {
    'print-roles': {
      type: 'boolean',
      description:
        'Print what an administrator has to run first, if the database’s owner may not make roles, and change nothing.',
      default: false,
    },
  },
  run: ({ 'print-roles': printRoles }) =>
    withNewDatabase(async ({ url, description, config }) => {
      if (printRoles) {
        const statements = await readMissingRoles(url)
        process.stdout.write(`${statements.join('\n') || `-- Nothing is missing in ${description}.`}\n`)
        return
      }
      await migrateDatabase(url, config.partitions)
      process.stdout.write(`${description} is up to date.\n`)
    }),
})
