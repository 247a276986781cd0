import type { CommandRequest, Outcome } from '../command/request.ts'
import { createWriteSide } from '../command/write-side.ts'
import type { WriteSide } from '../command/write-side.ts'
import type { LogTail } from '../log/tail.ts'
import { forCommands } from '../operations/connections.ts'
import { createCommandMetrics } from '../operations/metrics/commands.ts'
import type { Shared } from './shared.ts'

export interface Commands extends Pick<WriteSide, 'db' | 'streams'> {
  /** @throws Overloaded, Unavailable (nothing was done), OutcomeUnknown (send it again with the same id) */
  readonly dispatch: (request: CommandRequest) => Promise<Outcome>
}

export function openCommands(
  { config, databaseUrl, now, instruments, postgres, onClose }: Shared,
  tail: LogTail,
): Commands {
  const metrics = createCommandMetrics(instruments, () => writeSide.dispatcher.queuedCommands)
  const writeSide = createWriteSide({
    connection: { ...forCommands(databaseUrl), monitor: postgres },
    partitions: config.partitions,
    now,
    onCommit: (commit) => tail.add(commit),
    onCommandGroup: metrics.commandGroup,
  })
  onClose(() => writeSide.close())
  async function dispatch(request: CommandRequest): Promise<Outcome> {
    const { type } = request.command
    try {
      const outcome = await writeSide.dispatcher.dispatch(request)
      metrics.command(type, outcome)
      return outcome
    } catch (error) {
      metrics.command(type, error as Error)
      throw error
    }
  }
  return { db: writeSide.db, streams: writeSide.streams, dispatch }
}
