import { setImmediate as nextTurn } from 'node:timers/promises'

/** Yields a long list piece by piece, with a turn of the event loop between the pieces. */
export async function* inTurns<T>(items: readonly T[], pieceSize: number): AsyncGenerator<readonly T[]> {
  for (let at = 0; at < items.length; at += pieceSize) {
    if (at > 0) await nextTurn()
    yield at === 0 && items.length <= pieceSize ? items : items.slice(at, at + pieceSize)
  }
}
