import { InvalidValue, parseLogPosition } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import { createCheckpoints } from '../projector/checkpoint.ts'
import { createProgressRead } from '../projector/progress.ts'
import { skippedEvents } from '../projector/tables.ts'
import { stoppedAt } from '../projector/take.ts'
import { UsageError, command } from './command.ts'
import { withSession } from './database.ts'

export default command({
  name: 'skip',
  description: 'Lets a stopped projection continue without the event that it cannot apply.',
  args: {
    projection: { type: 'positional', description: 'name, as shown by `onhand status`', required: true },
    event: { type: 'positional', description: 'partition:position, such as 0:1234', required: true },
    yes: {
      type: 'boolean',
      description: 'Accept that the projection will differ from the log.',
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
      if (!stoppedAt(found.error, partition, position)) {
        throw new UsageError(`${projection} has not stopped at ${event}; see \`onhand status\`.`)
      }
      if (!yes) {
        throw new UsageError(
          `${found.error}\nWithout this event, ${projection} will differ from the log. Pass --yes to accept that.`,
        )
      }
      await session.transaction(async () => {
        await db.insert(skippedEvents).values({ partition, projection, position }).onConflictDoNothing()
        // Projectors retry a projection whose checkpoint has no error.
        await createCheckpoints(db).stop(projection, partition, null)
      })
      process.stdout.write(`${projection} skips ${event}; a running server continues within a second.\n`)
    })
  },
})

const EVENT = /^(\d{1,5}):(\d{1,19})$/

/** @throws UsageError */
function parseEvent(text: string): [Partition, LogPosition] {
  const [, partition, position] = EVENT.exec(text) ?? []
  try {
    if (position !== undefined) return [Number(partition), parseLogPosition(position)]
  } catch (error) {
    if (!(error instanceof InvalidValue)) throw error
  }
  throw new UsageError(
    `${JSON.stringify(text)} is not an event; it must be partition:position, such as 0:1234.`,
  )
}
