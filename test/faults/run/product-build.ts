/** Compiles the product as it is shipped. It then starts in half the time, which matters because faults restart it often. */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '../../..')
const LINKED = ['drizzle', 'schema', 'node_modules']

/** @returns the path of the program `onhand` */
export async function buildProduct(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true })
  await writeFile(join(directory, 'package.json'), '{ "type": "module" }\n')
  const tsc = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc')
  const options = ['--project', join(ROOT, 'src'), '--outDir', join(directory, 'dist')]
  const { stdout } = spawnSync(process.execPath, [tsc, ...options], { encoding: 'utf8' })
  for (const name of LINKED) await symlink(join(ROOT, name), join(directory, name), 'junction')
  const program = join(directory, 'dist/cli/onhand.js')
  if (!existsSync(program)) throw new Error(`tsc failed:\n${stdout}`)
  return program
}

export interface Launch {
  readonly program: string
  readonly args: readonly string[]
  readonly environment: Readonly<Record<string, string>>
}

export const launch = ({ program, args, environment }: Launch) =>
  spawn(process.execPath, [program, ...args], {
    env: { ...process.env, NO_COLOR: '1', NODE_ENV: 'test', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
