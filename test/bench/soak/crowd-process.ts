/** Runs the crowd in its own process, so that its use of CPU does not distort the measurements of the honest shoppers. */
import { fork } from 'node:child_process'
import { once, setMaxListeners } from 'node:events'
import type { Bench } from '../suite.ts'
import type { Tally, Target } from './client.ts'
import { crowd } from './crowd.ts'

/** Outcomes by the name of the kind of client. */
export type Tallies = Readonly<Record<string, Tally>>

export interface RunningCrowd {
  /** Ends all clients. @throws Error if the crowd's process has ended by itself */
  readonly leave: () => Promise<Tallies>
}

/** @param visitors the names of the clients to run */
export function startCrowd(
  { onEnd }: Pick<Bench, 'onEnd'>,
  target: Target,
  visitors: readonly string[] = crowd.map(({ name }) => name),
): RunningCrowd {
  const child = fork(import.meta.filename, [JSON.stringify({ target, visitors })], { execArgv: [] })
  onEnd(() => child.kill())
  const report = new Promise<Tallies>((resolve, reject) => {
    child.once('message', (tallies) => resolve(tallies as Tallies))
    child.once('exit', (code) => reject(new Error(`The crowd ended with ${code} and without a report.`)))
  })
  report.catch(() => {})
  return {
    async leave() {
      const ended = once(child, 'exit')
      child.send('leave', () => {})
      const tallies = await report
      child.kill()
      await ended
      return tallies
    },
  }
}

async function main({ target, visitors }: { target: Target; visitors: readonly string[] }): Promise<void> {
  const leaving = new AbortController()
  setMaxListeners(0, leaving.signal)
  process.once('message', () => leaving.abort())
  process.once('disconnect', () => process.exit(1))
  const tallies = await Promise.all(
    crowd
      .filter(({ name }) => visitors.includes(name))
      .map(async ({ name, run }) => [name, await run(target, leaving.signal)] as const),
  )
  process.send?.(Object.fromEntries(tallies))
}

if (process.argv[1] === import.meta.filename)
  await main(JSON.parse(process.argv[2] ?? '') as Parameters<typeof main>[0])
