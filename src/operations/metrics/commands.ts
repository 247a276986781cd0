import type { CommandGroupReport } from '../../command/dispatcher.ts'
import type { Outcome } from '../../command/request.ts'
import type { Instruments } from './instruments.ts'

export interface CommandMetrics {
  readonly command: (type: string, outcome: Outcome | Error) => void
  readonly commandGroup: (report: CommandGroupReport) => void
}

export function createCommandMetrics(instruments: Instruments, queued: () => number): CommandMetrics {
  const commands = instruments.tally(
    'onhand_commands_total',
    'Commands by type and by result: accepted, replayed, the type of a rejection, or the name of an error.',
    ['type', 'result'],
  )
  const groupCommands = instruments.histogram(
    'onhand_command_group_commands',
    'Commands in one transaction.',
    [],
    [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024],
  )
  const commitSeconds = instruments.histogram(
    'onhand_commit_seconds',
    'Duration of a transaction of commands until its commit or failure.',
    ['failed'],
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5],
  )
  instruments.gauge('onhand_queued_commands', 'Commands that wait for a transaction.', queued)
  return {
    command(type, outcome) {
      commands.inc({ type, result: resultOf(outcome) })
    },
    commandGroup({ commands: size, durationMs, failed }) {
      groupCommands.observe(size)
      commitSeconds.observe({ failed: String(failed) }, durationMs / 1000)
    },
  }
}

function resultOf(outcome: Outcome | Error): string {
  if (outcome instanceof Error) return outcome.name
  if (outcome.replayed) return 'replayed'
  return outcome.status === 'accepted' ? 'accepted' : outcome.rejection.type
}
