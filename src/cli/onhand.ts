#!/usr/bin/env node
/** `onhand <command>`. Only the code of the given command is loaded. */
import { existsSync, readFileSync } from 'node:fs'
import { defineCommand, runCommand, runMain } from 'citty'
import { UsageError, fail } from './command.ts'

const commands = {
  start: async () => (await import('./start.ts')).default,
  migrate: async () => (await import('./migrate.ts')).default,
  seed: async () => (await import('./seed.ts')).default,
  reset: async () => (await import('./reset.ts')).default,
  import: async () => (await import('./import.ts')).default,
  replay: async () => (await import('./replay.ts')).default,
  rebuild: async () => (await import('./rebuild.ts')).default,
  verify: async () => (await import('./verify.ts')).default,
  status: async () => (await import('./status.ts')).default,
  skip: async () => (await import('./skip.ts')).default,
  'new-epoch': async () => (await import('./new-epoch.ts')).default,
}

const HELP = new Set(['--help', '-h'])
const VERSION = new Set(['--version', '-v'])

async function main([name, ...rest]: readonly string[]): Promise<void> {
  const { version, description } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { version: string; description: string }
  const onhand = defineCommand({ meta: { name: 'onhand', version, description }, subCommands: commands })

  if (name === 'help') return main([...rest, '--help'])
  if (name === undefined) throw new UsageError('No command was given. `onhand --help` lists the commands.')
  const asksForHelp = [name, ...rest].some((arg) => HELP.has(arg))
  if (VERSION.has(name) || (asksForHelp && (HELP.has(name) || Object.hasOwn(commands, name))))
    return runMain(onhand, { rawArgs: [name, ...rest] })
  if (!Object.hasOwn(commands, name)) {
    const what = name.startsWith('-') ? 'option' : 'command'
    throw new UsageError(`There is no ${what} ${name}. \`onhand --help\` lists the commands.`)
  }
  // Variables that are set already take precedence over the file.
  if (existsSync('.env')) process.loadEnvFile('.env')
  try {
    await runCommand(onhand, { rawArgs: [name, ...rest] })
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'CLIError') throw error
    throw new UsageError(`${error.message}. \`onhand ${name} --help\` lists its arguments and options.`)
  }
}

await main(process.argv.slice(2)).catch(fail)
