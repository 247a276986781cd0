/**
 * `npm run test:faults -- --seed 7 --minutes 10`. A seed repeats every decision: which commands, which faults, in which order, with
 * which pauses. Their timing differs from run to run, so reproducing a failure may take several runs of its seed.
 */
import { parseArgs } from 'node:util'
import { runFaults } from './run.ts'

const { values } = parseArgs({ options: { seed: { type: 'string' }, minutes: { type: 'string' } } })
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000))
const minutes = Number(values.minutes ?? 1)
if (!Number.isSafeInteger(seed) || seed < 0 || !(minutes > 0)) {
  process.stderr.write('Usage: npm run test:faults -- [--seed <whole number>] [--minutes <number>]\n')
  process.exit(2)
}
const print = (text: string) => process.stdout.write(`${text}\n`)
print(`seed ${seed}, ${minutes} minute(s)`)
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => interruption.abort(new Error(`The run was ended by ${signal}.`)))
const failure = await runFaults({ seed, seconds: minutes * 60, print, signal: interruption.signal }).catch(
  (error: unknown) =>
    interruption.signal.aborted ? (error as Error).message : String((error as Error).stack),
)
if (failure !== null) print(failure)
process.exit(failure === null ? 0 : 1)
