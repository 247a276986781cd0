/** `npm run bench`: compiles product and benches in the same way as a release, and runs the benches. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { compile } from './support/compile.ts'

const program = join(await compile(), 'test/bench/run.js')
const child = spawn(process.execPath, [program, ...process.argv.slice(2)], {
  cwd: join(import.meta.dirname, '../..'),
  stdio: 'inherit',
})
// The terminal interrupts both processes. Ignore it here, because the other process has to clean up.
process.on('SIGINT', () => {})
const [code] = (await once(child, 'exit')) as [number | null]
process.exitCode = code ?? 1
