/** The pause before a sample: all that left is gone, and what lingers for those who come back has ended. */
import { until } from '../../support/until.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { takeSample, takeSettledSample } from './sample.ts'
import type { Sample } from './sample.ts'

const DEADLINE_MS = 60_000

/**
 * @param present with nobody but the honest watchers, who stay
 * @returns the sample, also if somebody is still there after a minute: it shows who
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
