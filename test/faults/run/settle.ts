/** After the last fault: what is under way ends, everybody catches up, and commands are sent once more to see their answers. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { PickServer } from './callers.ts'
import { insist, isAnswered } from './callers.ts'
import { projectionsBehind } from './client.ts'
import { gatherWithoutTables } from './evidence.ts'
import type { History } from './history.ts'
import type { Random } from './random.ts'
import type { Evidence, Rule } from './rules/evidence.ts'
import { mistakesAreGivenUp, noMessageIsLost } from './rules/intake.ts'
import { ledgersAreWhole } from './rules/ledger.ts'
import { lastProductsAreTrue, orderStatesWere } from './rules/witnesses.ts'
import { violation } from './violation.ts'
import type { Violation } from './violation.ts'
import type { World } from './world.ts'

const STANDSTILL_MS = 60_000
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

/** @returns what has not caught up, though nothing moved any more */
export async function catchUp(world: World, history: History): Promise<Violation[]> {
  const patience = startPatience()
  for (;;) {
    const behind = (await Promise.all(world.servers.map(projectionsBehind))).flatMap(
      (found) => found ?? ['no answer'],
    )
    if (behind.length === 0) break
    if (patience.isOver(behind.join('\n'))) return [violation('projections catch up', behind.join('\n'))]
    await sleep(LOOK_MS)
  }
  for (;;) {
    const evidence = await gatherWithoutTables(world, history)
    if (COME_TRUE.every((rule) => rule(evidence).length === 0)) return []
    // What is wrong now is what the checker finds, too.
    if (patience.isOver(movedSoFar(evidence))) return []
    await sleep(LOOK_MS)
  }
}

/** Grows with each event, each dead letter and each result that a client gets. */
const movedSoFar = ({ model, deadLetters, history: { witnesses } }: Evidence): string =>
  [
    model.log.length,
    deadLetters.size,
    ...witnesses.map(({ products, orders, movements }) => products.length + orders.length + movements.length),
  ].join(' ')

/** Over when the same has been seen for a long time, however slow the machine is. */
function startPatience() {
  let last = ''
  let since = performance.now()
  return {
    isOver(seen: string): boolean {
      if (seen !== last) since = performance.now()
      last = seen
      return performance.now() - since > STANDSTILL_MS
    },
  }
}
