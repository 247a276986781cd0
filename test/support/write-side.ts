/** The real write side on a test's database: what one process of Onhand decides with. */
import type { CommandGroupReport } from '../../src/command/dispatcher.ts'
import type { CommandRequest, Outcome } from '../../src/command/request.ts'
import { createWriteSide } from '../../src/command/write-side.ts'
import type { WriteSide } from '../../src/command/write-side.ts'
import type { Command } from '../../src/domain/commands.ts'
import type { CommandId } from '../../src/domain/values.ts'
import type { Commit } from '../../src/log/tail.ts'
import { forCommands } from '../../src/operations/connections.ts'

export interface TestWriteSide extends WriteSide {
  readonly commits: readonly Commit[]
  readonly batches: readonly CommandGroupReport[]
  /** With an id of its own, unless it is given one. */
  readonly send: (command: Command, id?: string) => Promise<Outcome>
}

export interface TestWriteSideOptions {
  readonly partitions?: number
  readonly applicationName?: string
  readonly now?: () => Date
}

let sent = 0

export const request = (command: Command, id = `command-${(sent += 1)}`): CommandRequest => ({
  id: id as CommandId,
  command,
})

export function openWriteSide(url: string, options: TestWriteSideOptions = {}): TestWriteSide {
  const {
    partitions = 1,
    applicationName = 'write side',
    now = () => new Date('2026-01-01T00:00:00Z'),
  } = options
  const commits: Commit[] = []
  const batches: CommandGroupReport[] = []
  const writeSide = createWriteSide({
    connection: { ...forCommands(url), applicationName },
    partitions,
    now,
    onCommit: (commit) => commits.push(commit),
    onCommandGroup: (report) => batches.push(report),
  })
  return {
    ...writeSide,
    commits,
    batches,
    send: (command, id) => writeSide.dispatcher.dispatch(request(command, id)),
  }
}
