import { sql } from 'drizzle-orm'
import { migrateDatabase } from '../operations/migrate.ts'
import { UsageError, command } from './command.ts'
import { withSession } from './database.ts'

export default command({
  name: 'reset',
  description: 'Deletes everything, and makes the database anew. Not in production.',
  args: {
    yes: { type: 'boolean', description: 'Yes, everything: stock, orders, history.', default: false },
  },
  run: ({ yes }) =>
    withSession(async ({ db }, { url, description, config }) => {
      if (config.production) throw new UsageError('NODE_ENV is production: nothing is deleted.')
      if (!yes) throw new UsageError(`This deletes everything in ${description}. Say --yes if that is meant.`)
      // A running server would go on from memory, and tell its clients of a past that never was.
      const [users] = await db.execute<{ connections: number }>(
        sql`select count(*)::int as connections from pg_stat_activity
          where datname = current_database() and application_name like 'onhand %' and pid <> pg_backend_pid()`,
      )
      if (users?.connections !== 0) {
        throw new UsageError(
          `Onhand is running on ${description}. Stop it first; then nothing is left of it.`,
        )
      }
      await db.execute(sql`drop schema if exists stock, views, onhand cascade`)
      await migrateDatabase(url, config.partitions)
      process.stdout.write(`${description} is empty.\n`)
    }),
})
