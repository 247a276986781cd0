import type { Logger } from 'pino'
import type { ConnectionOptions } from '../lib/postgres.ts'
import { openSession } from '../lib/postgres.ts'
import type { Database } from '../lib/postgres.ts'
import type { Partition } from '../log/partition.ts'
import type { LogTail } from '../log/tail.ts'
import { ensureCheckpoints } from './checkpoint.ts'
import type { Consumer } from './consumer.ts'
import { createFold } from './fold.ts'
import type { Projection } from './projection.ts'
import { Projector } from './projector.ts'
import type { Change } from './projector.ts'
import { createRows } from './rows.ts'

export interface ProjectorsOptions {
  /** The connection options of the projector with that name. */
  readonly connection: (name: string) => ConnectionOptions
  readonly partitions: number
  readonly tail: LogTail
  readonly logger: Logger
  /** Called when a step has failed. The projector retries it. */
  readonly onError: (projection: string, error: unknown) => void
}

const MAX_STEP_EVENTS = 1000
const MAX_CACHED_ROWS = 10_000

/** Runs the projectors of this process, each with its own connection. */
export class Projectors {
  readonly #options: ProjectorsOptions
  readonly #running = new Map<string, { projector: Projector; close: () => Promise<void> }>()

  constructor(options: ProjectorsOptions) {
    this.#options = options
  }

  /** @param onChange called after each commit */
  async project(projection: Projection, onChange: (change: Change) => void): Promise<void> {
    const consumer = (db: Database) => createFold(projection, createRows(db, projection), MAX_CACHED_ROWS)
    await this.run(projection.name, consumer, onChange)
  }

  async run(
    name: string,
    createConsumer: (db: Database) => Consumer,
    onChange: (change: Change) => void,
  ): Promise<void> {
    const { connection, partitions, tail, logger, onError } = this.#options
    const session = openSession(connection(name))
    await ensureCheckpoints(session.db, [name], partitions)
    const projector = new Projector({
      consumer: createConsumer(session.db),
      partitions,
      session,
      tail,
      maxStepEvents: MAX_STEP_EVENTS,
      onChange,
      onStop: (partition, reason) =>
        logger.error({ projection: name, partition, reason }, 'a projection has stopped'),
      onError: (error) => onError(name, error),
    })
    projector.start()
    this.#running.set(name, {
      projector,
      async close() {
        await projector.close()
        await session.close()
      },
    })
  }

  /** Continues a stopped projection, after an operator has fixed the cause. */
  resume(name: string, partition: Partition): void {
    this.#running.get(name)?.projector.resume(partition)
  }

  /** Discards the remembered checkpoints, because the log's history was replaced. */
  reset(): void {
    for (const { projector } of this.#running.values()) projector.reset()
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.values()].map(({ close }) => close()))
  }
}
