import { sql } from 'drizzle-orm'
import { migrateDatabase } from '../operations/migrate.ts'
import { UsageError, command } from './command.ts'
import { withSession } from './database.ts'

export default command({
  name: 'reset',
  description: 'Deletes all data and creates an empty database. Not available in production.',
  args: {
    yes: {
      type: 'boolean',
      description: 'Confirm the deletion of all stock, orders and history.',
      default: false,
    },
  },
  run: ({ yes }) =>
    withSession(async ({ db }, { url, description, config }) => {
      if (config.production) throw new UsageError('NODE_ENV is production, so nothing was deleted.')
      if (!yes) throw new UsageError(`This deletes everything in ${description}. Pass --yes to confirm.`)
      // A running server would continue from its memory and send clients a history that no longer exists.
      const [users] = await db.execute<{ connections: number }>(
        sql`select count(*)::int as connections from pg_stat_activity
          where datname = current_database() and application_name like 'onhand %' and pid <> pg_backend_pid()`,
      )
      if (users?.connections !== 0) {
        throw new UsageError(`Onhand is running on ${description}. Stop it before the reset.`)
      }
      await db.execute(sql`drop schema if exists stock, views, onhand cascade`)
      await migrateDatabase(url, config.partitions)
      process.stdout.write(`${description} is empty.\n`)
    }),
})
