/** Operators who rebuild projections and verify the database during the round. */
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { History, OperatorRun } from './history.ts'
import { launch } from './product-build.ts'
import type { Random } from './random.ts'
import type { World } from './world.ts'

const PROJECTIONS = ['availability', 'batches', 'orders', 'movements'] as const
/** Longer than a run should ever take. A run that hangs is ended, and its exit code is null. */
const LIMIT_MS = 60_000

export function startOperators(
  random: Random,
  world: World,
  history: History,
  signal: AbortSignal,
): Promise<void> {
  async function operate(): Promise<void> {
    while (!signal.aborted) {
      await sleep(random.int(3000, 6000), undefined, { signal }).catch(() => {})
      const args = random.chance(0.5) ? ['verify'] : ['rebuild', random.pick(PROJECTIONS)]
      if (!signal.aborted) history.operators.push(await runOperator(world, args, history))
    }
  }
  return operate()
}

export async function runOperator(
  { program, environment, databaseUrl }: World,
  args: readonly string[],
  { now }: History,
): Promise<OperatorRun> {
  const at = now()
  const child = launch({ program, args, environment: { ...environment, DATABASE_URL: databaseUrl } })
  const tooLate = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit') as Promise<[number | null]>,
  ])
  clearTimeout(tooLate)
  return { command: args.join(' '), at, code, output: `${stdout}${stderr}` }
}
