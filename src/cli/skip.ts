import { and, eq } from 'drizzle-orm'
import { InvalidValue } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import { parseToken } from '../log/token.ts'
import { createProgressRead } from '../projector/progress.ts'
import { checkpoints, skippedEvents } from '../projector/tables.ts'
import { UsageError, command } from './command.ts'
import { withSession } from './database.ts'

export default command({
  name: 'skip',
  description: 'Tells a projection that has stopped to leave out the event that it cannot take, and go on.',
  args: {
    projection: { type: 'positional', description: 'as `onhand status` names it', required: true },
    event: { type: 'positional', description: 'partition:position, as 0:1234', required: true },
    yes: {
      type: 'boolean',
      description: 'Yes: the projection will not be what the log says.',
      default: false,
    },
  },
  run: ({ projection, event, yes }) => {
    const [partition, position] = parseEvent(event)
    return withSession(async (session) => {
      const { db } = session
      const found = (await createProgressRead(db)()).find((row) => {
        return row.projection === projection && row.partition === partition
      })
      if (found === undefined)
        throw new UsageError(`There is no projection ${projection} in partition ${partition}.`)
      if (found.error === null || found.position + 1n !== position) {
        throw new UsageError(`${projection} has not stopped at ${event}; see \`onhand status\`.`)
      }
      if (!yes) {
        throw new UsageError(
          `${found.error}\nWithout it, ${projection} will not be what the log says. Say --yes if that is meant.`,
        )
      }
      await session.transaction(async () => {
        await db.insert(skippedEvents).values({ projection, partition, position }).onConflictDoNothing()
        // Without an error it is tried again.
        await db
          .update(checkpoints)
          .set({ error: null })
          .where(and(eq(checkpoints.projection, projection), eq(checkpoints.partition, partition)))
      })
      process.stdout.write(`${projection} leaves out ${event}; a running server goes on within a second.\n`)
    })
  },
})

/** @throws UsageError */
function parseEvent(text: string): [Partition, LogPosition] {
  try {
    const [event, ...more] = parseToken(text)
    if (event !== undefined && more.length === 0) return event
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
  }
  throw new UsageError(`${JSON.stringify(text)} is no event; it must be partition:position, as 0:1234.`)
}
