/** Defines the commands of the command line: they reject unknown arguments and print errors for people. */
import { defineCommand } from 'citty'
import type { ArgsDef, CommandContext, CommandDef } from 'citty'

export interface Command<Args extends ArgsDef> {
  readonly name: string
  readonly description: string
  readonly args: Args
  /** @returns the exit code, if it is not 0 */
  readonly run: (args: CommandContext<Args>['args']) => Promise<number | void>
}

/** A mistake that the user of the command line can correct. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function command<const Args extends ArgsDef>({
  name,
  description,
  args: known,
  run,
}: Command<Args>): CommandDef<Args> {
  return defineCommand({
    meta: { name, description },
    args: known,
    async run({ args }) {
      rejectUnknown(name, args, known)
      const code = await run(args)
      if (code !== undefined) process.exitCode = code
    },
  })
}

/** Prints the error, with its stack trace at LOG_LEVEL debug or trace, and sets the exit code. */
export function fail(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const verbose = ['debug', 'trace'].includes(process.env['LOG_LEVEL'] ?? '')
  process.stderr.write(`onhand: ${(verbose && stack) || message}\n`)
  process.exitCode = 1
}

function rejectUnknown(
  command: string,
  args: Record<string, unknown> & { readonly _: readonly string[] },
  known: ArgsDef,
): void {
  const hint = `\`onhand ${command} --help\` lists the options.`
  const names = new Set(Object.keys(known))
  const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  for (const name of Object.keys(args)) {
    if (name !== '_' && !names.has(name) && !names.has(kebab(name)))
      throw new UsageError(`There is no option ${name.length === 1 ? '-' : '--'}${name}. ${hint}`)
  }
  const positionals = Object.values(known).filter(({ type }) => type === 'positional').length
  const extra = args._[positionals]
  if (extra !== undefined) throw new UsageError(`${JSON.stringify(extra)} is one argument too many. ${hint}`)
}

/** @throws UsageError */
export function parseCount(value: string, option: string, least = 1): number {
  const count = Number(value)
  if (!Number.isSafeInteger(count) || count < least) {
    throw new UsageError(
      `--${option} is ${JSON.stringify(value)}; it must be a whole number, ${least} or more.`,
    )
  }
  return count
}
