import { setTimeout as sleep } from 'node:timers/promises'
import type { ServerProcess } from '../support/server-process.ts'
import { takeSample } from './sample.ts'
import type { Sample } from './sample.ts'

/**
 * Takes samples regularly.
 *
 * @returns a function that ends it
 */
export function sampleEvery(
  intervalMs: number,
  server: ServerProcess,
  onSample: (sample: Sample) => void,
): () => Promise<void> {
  const stopping = new AbortController()
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      onSample(await takeSample(server))
      await sleep(intervalMs, undefined, { signal: stopping.signal }).catch(() => {})
    }
  }
  const running = run()
  return async () => {
    stopping.abort()
    await running
  }
}
