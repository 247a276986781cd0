import { migrateDatabase, readMissingRoles } from '../operations/migrate.ts'
import { command } from './command.ts'
import { withNewDatabase } from './database.ts'

export default command({
  name: 'migrate',
  description: 'Migrates the database to the schema of this release. `start` does this, too.',
  args: {
    'print-roles': {
      type: 'boolean',
      description:
        'Only print the statements that an administrator has to run first if the database owner may not create roles.',
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
