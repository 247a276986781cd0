/** Runs a suite in its own process, so that it does not inherit the heap, the compiled code or the connections of another suite. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Bench, Report, Suite } from '../suite.ts'
import { suites } from '../suites.ts'

/** @throws Error if the suite failed */
export async function runSuite(suite: Suite, quick: boolean): Promise<Report> {
  const options = [...(suite.nodeOptions ?? []), import.meta.filename, suite.name]
  const child = spawn(process.execPath, quick ? [...options, 'quick'] : options, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  // The terminal interrupts both processes. The suite cleans up, and then its failure ends this process.
  process.once('SIGINT', () => {})
  let report: Report | null = null
  child.once('message', (message) => {
    report = message as Report
  })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (report === null) throw new Error(`The suite ${suite.name} ended with ${code} and without a report.`)
  return report
}

async function main(name: string, quick: boolean): Promise<void> {
  const suite = suites.find((candidate) => candidate.name === name)
  if (suite === undefined) throw new Error(`There is no suite ${name}.`)
  const cleaners: (() => unknown)[] = []
  async function clean(): Promise<void> {
    for (const cleaner of cleaners.splice(0).toReversed()) await cleaner()
  }
  const bench: Bench = {
    quick,
    say: (line) => process.stderr.write(`  ${line}\n`),
    onEnd: (cleaner) => cleaners.push(cleaner),
  }
  process.once('SIGINT', () => void clean().finally(() => process.exit(130)))
  try {
    process.send?.(await suite.run(bench))
  } finally {
    await clean()
  }
  process.disconnect()
}

if (process.argv[1] === import.meta.filename) await main(process.argv[2] ?? '', process.argv[3] === 'quick')
