/** The possible decisions, and the draft in which a decision collects its events. */
import type { Rejection } from './commands.ts'
import { isLineEvent } from './events.ts'
import type { Event, RecordedEvent } from './events.ts'
import { available, evolve, evolveLine } from './product.ts'
import type { Batch, Line, Product } from './product.ts'
import { lineKey } from './stock.ts'
import type { LineKey, LinesNeeded } from './stock.ts'
import { MAX_QUANTITY } from './values.ts'
import type { BatchReference, CommandId, LogPosition, Quantity, Sku } from './values.ts'

/** One command moves at most this many lines; for larger changes, the operator reduces or restocks in steps. */
export const MAX_LINES_PER_COMMAND = 100_000

/** How many lines a decision goes through between two yields. */
export const LINES_PER_STEP = 500

export type Decision = Accepted | Rejected | Undecided

export interface Accepted {
  readonly status: 'accepted'
  /** Empty if the command asks for what is already the case. */
  readonly events: readonly RecordedEvent[]
  /** The product after the events. */
  readonly product: Product
  /** The lines after the events; null for a line that is removed. */
  readonly lines: ReadonlyMap<LineKey, Line | null>
  /** The batch of the allocated line; null while the line waits, and for other commands. */
  readonly batchReference: BatchReference | null
}

export interface Rejected {
  readonly status: 'rejected'
  readonly rejection: Rejection
}

/** More lines must be loaded before the command can be decided. */
export interface Undecided {
  readonly status: 'undecided'
  readonly needs: LinesNeeded
}

/** Everything that a decision needs beside the stock. */
export interface DecisionContext {
  readonly commandId: CommandId
  readonly now: Date
  /** The position that the decision's first event gets, if there is one. */
  readonly next: LogPosition
}

/** A decision that yields once per `LINES_PER_STEP` lines, so that the caller can let other work run. */
export type Deciding = Generator<void, Decision>

export interface InvalidSku {
  readonly type: 'InvalidSku'
  readonly sku: Sku
}

export interface StockLimitExceeded {
  readonly type: 'StockLimitExceeded'
  readonly sku: Sku
  readonly limit: number
}

export interface TooManyLines {
  readonly type: 'TooManyLines'
  readonly sku: Sku
  readonly limit: number
}

export const undecided = (needs: LinesNeeded): Undecided => ({ status: 'undecided', needs })

export const rejected = (rejection: Rejection): Rejected => ({ status: 'rejected', rejection })

export const tooManyLines = (sku: Sku): Rejected =>
  rejected({ type: 'TooManyLines', sku, limit: MAX_LINES_PER_COMMAND })

export const stockLimitExceeded = (sku: Sku): Rejected =>
  rejected({ type: 'StockLimitExceeded', sku, limit: MAX_QUANTITY })

/** Collects the events of one decision, and applies them to the product and its lines. */
export class Draft {
  readonly before: Product
  readonly #context: DecisionContext
  readonly #events: RecordedEvent[] = []
  readonly #lines = new Map<LineKey, Line | null>()
  #product: Product

  constructor(product: Product, context: DecisionContext) {
    this.before = product
    this.#product = product
    this.#context = context
  }

  /** @param line the line that the event concerns, as it was before this command; undefined for a new line */
  record(event: Event, line?: Line): this {
    const { next, now: recordedAt, commandId } = this.#context
    const position = (next + BigInt(this.#events.length)) as LogPosition
    const recorded: RecordedEvent = { position, recordedAt, commandId, event }
    this.#events.push(recorded)
    this.#product = evolve(this.#product, recorded)
    if (isLineEvent(event)) {
      const after = evolveLine(line, recorded)
      this.#lines.set(lineKey(event.orderId, event.sku), after ?? null)
    }
    return this
  }

  /** The units that the fullest batch has available. */
  mostAvailable(): number {
    return this.#product.batches.reduce((most, batch) => Math.max(most, available(batch)), 0)
  }

  /** The batch from which a line is allocated: the first one that has enough units for all of it. */
  firstThatHolds(quantity: Quantity): Batch | undefined {
    return this.#product.batches.find((batch) => available(batch) >= quantity)
  }

  accepted(batchReference: BatchReference | null = null): Accepted {
    return {
      status: 'accepted',
      events: this.#events,
      product: this.#product,
      lines: this.#lines,
      batchReference,
    }
  }
}
