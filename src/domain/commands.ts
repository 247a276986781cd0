/**
 * Lists all kinds of commands and decides them. To add a kind, write its file in `commands/`, then add it to the union
 * `Command` and to the map `commandKinds`.
 *
 * Allocation rules: a new line takes its units from the first batch that holds all of them (warehouse first, then earliest
 * ETA, then reference). A batch that shrinks gives up its newest lines first. Waiting lines are served in the order in which
 * they were first allocated, each as soon as one batch holds all of its units. A line keeps its queue position however often
 * it moves, so the oldest line is the last to lose stock and the first to get it.
 */
import { allocate } from './commands/allocate.ts'
import type { Allocate, LineAlreadyAllocated, OutOfStock } from './commands/allocate.ts'
import { changeBatchQuantity } from './commands/change-batch-quantity.ts'
import type { BatchNotFound, ChangeBatchQuantity, StaleVersion } from './commands/change-batch-quantity.ts'
import type { CommandKind, Concerns } from './commands/command-kind.ts'
import { createBatch } from './commands/create-batch.ts'
import type { BatchReferenceTaken, CreateBatch } from './commands/create-batch.ts'
import { deallocate } from './commands/deallocate.ts'
import type { Deallocate, LineNotAllocated } from './commands/deallocate.ts'
import { Draft } from './decision.ts'
import type { Deciding, Decision, DecisionContext } from './decision.ts'
import type { InvalidSku, StockLimitExceeded, TooManyLines } from './decision.ts'
import type { Stock } from './stock.ts'

export type Command = CreateBatch | ChangeBatchQuantity | Allocate | Deallocate

const commandKinds = {
  CreateBatch: createBatch,
  ChangeBatchQuantity: changeBatchQuantity,
  Allocate: allocate,
  Deallocate: deallocate,
} satisfies { readonly [Type in Command['type']]: CommandKind<Extract<Command, { type: Type }>> }

/** Why a command is rejected. A rejected command changes nothing. */
export type Rejection =
  | InvalidSku
  | OutOfStock
  | BatchReferenceTaken
  | BatchNotFound
  | LineAlreadyAllocated
  | LineNotAllocated
  | StaleVersion
  | StockLimitExceeded
  | TooManyLines

const kindOf = ({ type }: Command): CommandKind<Command> => commandKinds[type] as CommandKind<Command>

/** What must be loaded before a command can be decided. */
export const concernsOf = (command: Command): Concerns => kindOf(command).concerns(command)

/** Decides a command without yielding. */
export function decide(stock: Stock, command: Command, context: DecisionContext): Decision {
  const steps = deciding(stock, command, context)
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
  }
}

/** Decides a command and yields once per `LINES_PER_STEP` lines, so that the caller can let other work run. */
export function* deciding(stock: Stock, command: Command, context: DecisionContext): Deciding {
  const decided = kindOf(command).decide(stock, command, (product) => new Draft(product, context))
  return 'status' in decided ? decided : yield* decided
}
