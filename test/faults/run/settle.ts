/** After the last fault: requests complete, projections and watchers catch up, and some commands are repeated to check their answers. */
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

/** Half of the commands with an unknown outcome, and some of the answered ones, recent ones first. */
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

/** These conditions become true some time after the last command. */
const COME_TRUE: readonly Rule[] = [
  noMessageIsLost,
  mistakesAreGivenUp,
  lastProductsAreTrue,
  orderStatesWere,
  ledgersAreWhole,
]

/** @returns what has not caught up although nothing changes any more */
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
    // The checker also finds what is wrong now.
    if (patience.isOver(movedSoFar(evidence))) return []
    await sleep(LOOK_MS)
  }
}

/** A number that grows with each event, dead letter and result of a client. */
const movedSoFar = ({ model, deadLetters, history: { witnesses } }: Evidence): string =>
  [
    model.log.length,
    deadLetters.size,
    ...witnesses.map(({ products, orders, movements }) => products.length + orders.length + movements.length),
  ].join(' ')

/** Ends when the value has not changed for a long time, however slow the machine is. */
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
