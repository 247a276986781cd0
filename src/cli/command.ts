/** What the commands of the command line have in common: strict arguments, and errors for people. */
import { defineCommand } from 'citty'
import type { ArgsDef, CommandContext, CommandDef } from 'citty'

export interface Command<Args extends ArgsDef> {
  readonly name: string
  readonly description: string
  readonly args: Args
  /** @returns the exit code, if it is not 0 */
  readonly run: (args: CommandContext<Args>['args']) => Promise<number | void>
}

/** Something that whoever typed the command can put right; said without a stack trace, as all errors are. */
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
      refuseUnknown(args, known)
      const code = await run(args)
      if (code !== undefined) process.exitCode = code
    },
  })
}

/** Says what went wrong, and how the process is going to end. */
export function fail(error: unknown): void {
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const verbose = ['debug', 'trace'].includes(process.env['LOG_LEVEL'] ?? '')
  process.stderr.write(`onhand: ${(verbose && stack) || message}\n`)
  process.exitCode = 1
}

function refuseUnknown(
  args: Record<string, unknown> & { readonly _: readonly string[] },
  known: ArgsDef,
): void {
  const names = new Set(Object.keys(known))
  const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  for (const name of Object.keys(args)) {
    if (name !== '_' && !names.has(name) && !names.has(kebab(name)))
      throw new UsageError(`There is no option ${name.length === 1 ? '-' : '--'}${name}.`)
  }
  const positionals = Object.values(known).filter(({ type }) => type === 'positional').length
  const extra = args._[positionals]
  if (extra !== undefined) throw new UsageError(`${JSON.stringify(extra)} is one argument too many.`)
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
