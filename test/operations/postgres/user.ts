/**
 * A process that uses embedded Postgres, for tests that kill it. Its argument is the data directory. It prints the result as one line
 * of JSON, and leaves the server when its input ends.
 */
import { once } from 'node:events'
import { openEmbeddedPostgres } from '../../../src/operations/postgres/embedded.ts'

const embedded = await openEmbeddedPostgres({ dataDir: process.argv[2] ?? '' })
const { url, started, dataDir } = embedded
process.stdout.write(`${JSON.stringify({ url, started, dataDir })}\n`)
process.stdin.resume()
await once(process.stdin, 'end')
await embedded.stop()
