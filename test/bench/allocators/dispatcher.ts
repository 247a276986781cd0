import type { CommandRequest, Outcome } from '../../../src/command/request.ts'
import { createWriteSide } from '../../../src/command/write-side.ts'
import { forCommands } from '../../../src/operations/connections.ts'
import type { Bench } from '../suite.ts'
import type { Allocator } from './allocator.ts'

/** Only the write side, in this process, without projections. */
export function openDispatcher({ onEnd }: Bench, databaseUrl: string): Allocator {
  const writeSide = createWriteSide({
    connection: forCommands(databaseUrl),
    partitions: 1,
    now: () => new Date(),
    onCommit: () => {},
    onCommandGroup: () => {},
  })
  onEnd(() => writeSide.close())
  return {
    name: 'dispatcher',
    allocate: allocateWith((request) => writeSide.dispatcher.dispatch(request)),
    servedElsewhere: false,
    lag: null,
  }
}

export function allocateWith(dispatch: (request: CommandRequest) => Promise<Outcome>): Allocator['allocate'] {
  return async (request) => {
    const outcome = await dispatch(request)
    if (outcome.status === 'rejected') throw new Error(`Refused: ${outcome.rejection.type}`)
  }
}
