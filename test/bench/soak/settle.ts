/** The pause before a sample, until disconnected clients are gone and the groups kept for them have ended. */
import { until } from '../../support/until.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { takeSample, takeSettledSample } from './sample.ts'
import type { Sample } from './sample.ts'

const DEADLINE_MS = 60_000

/**
 * @param present the sample with only the honest watchers, who stay
 * @returns the sample; after a minute also with clients that are still there, which it then shows
 */
export async function settle(server: ServerProcess, present: Sample): Promise<Sample> {
  const isQuiet = async () => {
    const { sockets, streams, groups, backlogs } = await takeSample(server)
    return (
      sockets === present.sockets &&
      streams === present.streams &&
      groups === present.groups &&
      backlogs === 0
    )
  }
  await until(isQuiet, DEADLINE_MS).catch(() => {})
  return takeSettledSample(server)
}
