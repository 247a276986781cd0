/** One minute of random faults. A failure prints its seed, which `npm run test:faults -- --seed N --minutes M` repeats. */
import { test } from 'vitest'
import { redisProgram } from '../support/redis-server.ts'
import { runFaults } from './run/run.ts'

const SECONDS = 50
/** Only a run that hangs takes this long. */
const LIMIT_MS = 900_000

test(
  'one minute of random commands and random faults breaks no rule',
  async ({ skip, signal }) => {
    skip(redisProgram === undefined, 'there is no redis-server on the PATH')
    const seed = Math.floor(Math.random() * 1_000_000)
    const said: string[] = []
    const failure = await runFaults({ seed, seconds: SECONDS, print: (text) => said.push(text), signal })
    if (failure !== null) throw new Error([...said, failure].join('\n'))
  },
  LIMIT_MS,
)
