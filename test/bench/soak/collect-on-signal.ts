/** Imported into the server before it starts. It collects garbage on a signal, so that memory samples contain only what is in use. */
import { setImmediate as turn } from 'node:timers/promises'

process.on('SIGUSR2', async () => {
  // The second collection frees what finalizers released after the first.
  globalThis.gc?.()
  await turn()
  globalThis.gc?.()
})
