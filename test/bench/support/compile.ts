import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')
/** As `tsconfig.json` here says. Below node_modules, so that packages are found, and nobody lints or publishes it. */
const OUT = join(ROOT, 'node_modules/.cache/onhand-bench')

/**
 * Compiles product and benches with `tsc`, as the product is shipped: tsx would have every closure in a hot function
 * given its name each time it is made, which costs.
 *
 * @returns the directory that stands for the project's root
 */
export async function compile(): Promise<string> {
  await rm(OUT, { recursive: true, force: true })
  await mkdir(OUT, { recursive: true })
  await writeFile(join(OUT, 'package.json'), '{ "type": "module" }\n')
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const { stdout } = spawnSync(process.execPath, [tsc, '--project', join(ROOT, 'test/bench')], {
    encoding: 'utf8',
  })
  // With errors in types, tsc still writes what it can: what is being edited next door does not stop a bench.
  if (!existsSync(join(OUT, 'test/bench/main.js'))) throw new Error(`tsc failed:\n${stdout}`)
  for (const name of ['drizzle', 'schema']) await symlink(join(ROOT, name), join(OUT, name), 'junction')
  return OUT
}
