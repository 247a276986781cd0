/** After the last fault: what is under way ends, everybody catches up, and commands are sent once more to see their answers. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PickServer } from './callers.ts'
import { insist, isAnswered } from './callers.ts'
import { projectionsBehind } from './client.ts'
import { gatherWithoutTables } from './evidence.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import type { Rule } from './rules/evidence.ts'
import { mistakesAreGivenUp, noMessageIsLost } from './rules/intake.ts'
import { ledgersAreWhole } from './rules/ledger.ts'
import { lastProductsAreTrue, orderStatesWere } from './rules/witnesses.ts'
import { violation } from './violation.ts'
import type { Violation } from './violation.ts'
import type { World } from './world.ts'

/** Only what hangs takes so long. */
const CATCH_UP_MS = 120_000
const LOOK_MS = 500
const ANSWERED_AGAIN = 150
const AT_ONCE = 8

/** Half of those whose outcome is not known, and some of those that were answered, recent ones first. */
export async function sendAgain(random: Random, pickServer: PickServer, history: History): Promise<void> {
  const unknown = history.commands.filter((sent) => !isAnswered(sent) && random.chance(0.5))
  const answered = history.commands.filter(isAnswered)
  const again = [
    ...unknown,
    ...answered.slice(-ANSWERED_AGAIN),
    ...random.shuffle(answered).slice(0, ANSWERED_AGAIN),
  ]
  const sendNext = async () => {
    for (let sent = again.shift(); sent !== undefined; sent = again.shift())
      await insist(sent, () => pickServer(random), history)
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sendNext))
}

/** They come true some time after the last command; until then they say nothing. */
const COME_TRUE: readonly Rule[] = [
  noMessageIsLost,
  mistakesAreGivenUp,
  lastProductsAreTrue,
  orderStatesWere,
  ledgersAreWhole,
]

/** @returns what has not caught up in time */
export async function catchUp(world: World, history: History): Promise<Violation[]> {
  const deadline = performance.now() + CATCH_UP_MS
  const isLate = () => performance.now() > deadline
  for (;;) {
    const behind = (await Promise.all(world.servers.map(projectionsBehind))).flatMap(
      (found) => found ?? ['no answer'],
    )
    if (behind.length === 0) break
    if (isLate()) return [violation('projections catch up', behind.join('\n'))]
    await sleep(LOOK_MS)
  }
  while (!isLate()) {
    const evidence = await gatherWithoutTables(world, history)
    if (COME_TRUE.every((rule) => rule(evidence).length === 0)) break
    await sleep(LOOK_MS)
  }
  return []
}
