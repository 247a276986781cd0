/**
 * `npm run bench`, `npm run bench -- commands live --quick`: runs each suite in its own process, prints tables, and writes all
 * measurements to `test/bench/results/<suite>.json`. Run it in the root of the project.
 */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Suite } from './suite.ts'
import { machineFacts, warnings } from './support/machine.ts'
import { runSuite } from './support/suite-process.ts'
import { formatTable } from './support/table.ts'
import { suites } from './suites.ts'

const RESULTS = 'test/bench/results'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !suites.some((suite) => suite.name === name))

if (values.help || unknown.length > 0) {
  for (const name of unknown) print(`There is no suite ${name}.`)
  print('npm run bench -- [--quick] [suite …]; without a name, runs all suites that are not long:')
  for (const { name, about, long } of suites) print(`  ${name.padEnd(12)} ${about}${long ? ' (long)' : ''}`)
  process.exitCode = unknown.length > 0 ? 1 : 0
} else {
  const chosen = suites.filter(({ name, long }) =>
    positionals.length > 0 ? positionals.includes(name) : long !== true,
  )
  await runAll(chosen, values.quick)
}

async function runAll(chosen: readonly Suite[], quick: boolean): Promise<void> {
  const facts = await machineFacts()
  for (const [name, value] of Object.entries(facts)) print(`${name.padEnd(22)} ${value}`)
  for (const warning of warnings(facts)) print(`WARNING: ${warning}`)
  if (quick) print('WARNING: quick mode. These numbers show that the suites work, no more.')
  await mkdir(RESULTS, { recursive: true })

  for (const suite of chosen) {
    print(`\n${suite.name}: ${suite.about}`)
    const startedAt = new Date()
    const report = await runSuite(suite, quick)
    for (const table of report.tables) print(`\n${formatTable(table)}`)
    for (const note of report.notes) print(`- ${note}`)
    const result = { suite: suite.name, startedAt, endedAt: new Date(), quick, facts, ...report }
    await writeFile(join(RESULTS, `${suite.name}.json`), `${JSON.stringify(result, null, 2)}\n`)
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
