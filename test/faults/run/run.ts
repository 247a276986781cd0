/** Runs rounds until the time is over, on one separate Postgres. The first broken rule ends the run. */
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openEmbeddedPostgres } from '../../../src/operations/postgres/embedded.ts'
import { buildProduct } from './product-build.ts'
import { explain, summary } from './report.ts'
import { playRound } from './round.ts'
import type { Round } from './round.ts'

export interface RunOptions {
  readonly seed: number
  /** Total duration of faults in all rounds; settling and checking take additional time. */
  readonly seconds: number
  readonly print: (text: string) => void
  readonly signal: AbortSignal
}

/** This number of rounds covers both partition counts; more time makes the rounds longer. */
const MIN_ROUNDS = 2
const MAX_ROUND_SECONDS = 120

/** @returns a report of what went wrong; null if nothing did */
export async function runFaults({ seed, seconds, print, signal }: RunOptions): Promise<string | null> {
  const directory = await mkdtemp(join(tmpdir(), 'onhand-faults-'))
  // Started by root, Postgres runs as another account.
  await chmod(directory, 0o755)
  const program = await buildProduct(join(directory, 'product'))
  const postgres = await openEmbeddedPostgres({ dataDir: join(directory, 'data') })
  const rounds = Math.max(MIN_ROUNDS, Math.ceil(seconds / MAX_ROUND_SECONDS))
  let failure: string | null = null
  try {
    for (let at = 0; at < rounds && failure === null; at += 1) {
      const round = await playRound({
        seed: seed + at,
        seconds: seconds / rounds,
        directory,
        program,
        postgres,
        signal,
      })
      print(summary(round))
      if (round.violations.length === 0) continue
      failure = await keep(round, directory)
    }
    return failure
  } catch (error) {
    if (!signal.aborted) {
      failure = 'broken'
      print(`The run itself failed; ${directory} is kept.`)
    }
    throw error
  } finally {
    await postgres.stop()
    if (failure === null) await rm(directory, { recursive: true, force: true })
  }
}

async function keep(round: Round, directory: string): Promise<string> {
  const file = join(directory, `history-${round.seed}.json`)
  await writeFile(file, JSON.stringify(round.evidence.history, null, 1))
  return [
    explain(round),
    `Seed ${round.seed}. The history is in ${file}, next to the logs of the servers, and the database is faults_${round.seed} of the cluster in ${join(directory, 'data')}.`,
  ].join('\n')
}
