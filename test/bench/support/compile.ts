import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')
/** The output directory of `tsconfig.json` here. It is below node_modules, so that packages resolve, and lint and npm ignore it. */
const OUT = join(ROOT, 'node_modules/.cache/onhand-bench')

/**
 * Compiles product and benches with `tsc`, as for a release. With tsx, every closure would get its name set each time it is created,
 * which costs time in hot functions.
 *
 * @returns the output directory, which corresponds to the root of the project
 */
export async function compile(): Promise<string> {
  await rm(OUT, { recursive: true, force: true })
  await mkdir(OUT, { recursive: true })
  await writeFile(join(OUT, 'package.json'), '{ "type": "module" }\n')
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '--project', join(ROOT, 'test/bench')], {
    encoding: 'utf8',
  })
  // tsc also writes output if there are type errors, so unfinished edits elsewhere do not prevent a bench.
  if (!existsSync(join(OUT, 'test/bench/main.js'))) throw new Error(`tsc failed:\n${stdout}`)
  for (const name of ['drizzle', 'schema']) await symlink(join(ROOT, name), join(OUT, name), 'junction')
  return OUT
}
