/** The real write side of one Onhand process, on a test's database. */
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
  readonly groups: readonly CommandGroupReport[]
  /** Sends a command, with a new id by default. */
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
  const groups: CommandGroupReport[] = []
  const writeSide = createWriteSide({
    connection: { ...forCommands(url), applicationName },
    partitions,
    now,
    onCommit: (commit) => commits.push(commit),
    onCommandGroup: (report) => groups.push(report),
  })
  return {
    ...writeSide,
    commits,
    groups,
    send: (command, id) => writeSide.dispatcher.dispatch(request(command, id)),
  }
}
