/** Imported into the server before it starts, so that samples of its memory show what it holds and not what it has let go of. */
import { setImmediate as turn } from 'node:timers/promises'

process.on('SIGUSR2', async () => {
  // What the first one lets go of through finalizers goes with the second.
  globalThis.gc?.()
  await turn()
  globalThis.gc?.()
})
