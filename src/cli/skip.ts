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
      if (!stoppedAt(found.error, partition, position)) {
        throw new UsageError(`${projection} has not stopped at ${event}; see \`onhand status\`.`)
      }
      if (!yes) {
        throw new UsageError(
          `${found.error}\nWithout it, ${projection} will not be what the log says. Say --yes if that is meant.`,
        )
      }
      await session.transaction(async () => {
        await db.insert(skippedEvents).values({ partition, projection, position }).onConflictDoNothing()
        // Without an error it is tried again.
        await createCheckpoints(db).stop(projection, partition, null)
      })
      process.stdout.write(`${projection} leaves out ${event}; a running server goes on within a second.\n`)
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
  throw new UsageError(`${JSON.stringify(text)} is no event; it must be partition:position, as 0:1234.`)
}
