/** The domain without a database: a stock in memory that decides commands and applies their events. */
import { decide } from '../../src/domain/commands.ts'
import type { Command } from '../../src/domain/commands.ts'
import type { Decision } from '../../src/domain/decision.ts'
import type { Event, RecordedEvent } from '../../src/domain/events.ts'
import { emptyProduct, evolve, evolveLine } from '../../src/domain/product.ts'
import type { Batch, Line, Product } from '../../src/domain/product.ts'
import { lineKey } from '../../src/domain/stock.ts'
import type { LoadedLines, LineKey, LinesNeeded, Stock } from '../../src/domain/stock.ts'
import { parseBatchReference, parseCalendarDate, parseCommandId } from '../../src/domain/values.ts'
import { parseOrderId, parseQuantity, parseSku } from '../../src/domain/values.ts'
import type { BatchReference, LogPosition, Sku } from '../../src/domain/values.ts'

const byQueuePosition = (a: Line, b: Line) => (a.placed < b.placed ? -1 : 1)

const NOW = new Date('2026-01-01T00:00:00Z')

export class StockInMemory implements Stock {
  readonly products = new Map<Sku, Product>()
  readonly skuOf = new Map<BatchReference, Sku>()
  readonly lines = new Map<LineKey, Line>()
  readonly log: RecordedEvent[] = []

  mayUse(): boolean {
    return true
  }

  newestLines(reference: BatchReference): LoadedLines {
    const lines = [...this.lines.values()].filter((line) => line.batchReference === reference)
    return { lines: lines.toSorted(byQueuePosition).toReversed(), complete: true }
  }

  waitingLines(sku: Sku): LoadedLines {
    const lines = [...this.lines.values()].filter((line) => line.sku === sku && line.batchReference === null)
    return { lines: lines.toSorted(byQueuePosition), complete: true }
  }

  /** Decides a command, and applies its events if it is accepted. */
  decide(command: Command): Decision {
    const next = BigInt(this.log.length + 1) as LogPosition
    const decision = decide(this, command, { commandId: parseCommandId(`command-${next}`), now: NOW, next })
    if (decision.status === 'accepted') for (const recorded of decision.events) this.evolve(recorded)
    return decision
  }

  evolve(recorded: RecordedEvent): void {
    const { event } = recorded
    this.log.push(recorded)
    this.products.set(event.sku, evolve(this.products.get(event.sku) ?? emptyProduct(event.sku), recorded))
    if (event.type === 'BatchCreated') this.skuOf.set(event.reference, event.sku)
    if ('orderId' in event) {
      const key = lineKey(event.orderId, event.sku)
      const line = evolveLine(this.lines.get(key), recorded)
      if (line === undefined) this.lines.delete(key)
      else this.lines.set(key, line)
    }
  }

  batch(reference: string): Batch {
    const batches = [...this.products.values()].flatMap((product) => product.batches)
    const batch = batches.find((candidate) => candidate.reference === reference)
    if (batch === undefined) throw new Error(`There is no batch ${reference}.`)
    return batch
  }

  line(orderId: string, sku: string): Line | undefined {
    return this.lines.get(lineKey(parseOrderId(orderId), parseSku(sku)))
  }
}

/** A stock that loads a few lines each time a decision needs more, as the write side does. */
export class LoadingStock extends StockInMemory {
  readonly #linesPerLoad: number
  readonly #newest = new Map<BatchReference, LoadedLines>()
  readonly #waiting = new Map<Sku, LoadedLines>()

  constructor(linesPerLoad: number) {
    super()
    this.#linesPerLoad = linesPerLoad
  }

  override newestLines(reference: BatchReference): LoadedLines {
    return this.#newest.get(reference) ?? { lines: [], complete: false }
  }

  override waitingLines(sku: Sku): LoadedLines {
    return this.#waiting.get(sku) ?? { lines: [], complete: false }
  }

  override decide(command: Command): Decision {
    for (;;) {
      const decision = super.decide(command)
      if (decision.status !== 'undecided') {
        this.#newest.clear()
        this.#waiting.clear()
        return decision
      }
      this.#load(decision.needs)
    }
  }

  #load(needs: LinesNeeded): void {
    const { lines: known } =
      needs.of === 'batch' ? this.newestLines(needs.reference) : this.waitingLines(needs.sku)
    const all = needs.of === 'batch' ? super.newestLines(needs.reference) : super.waitingLines(needs.sku)
    const rest = all.lines.filter((line) =>
      needs.of === 'batch'
        ? line.placed < (known.at(-1)?.placed ?? line.placed + 1n)
        : line.placed > (known.at(-1)?.placed ?? 0n) && line.quantity <= needs.atMost,
    )
    const more = rest.slice(0, this.#linesPerLoad)
    const found = { lines: [...known, ...more], complete: more.length < this.#linesPerLoad }
    if (needs.of === 'batch') this.#newest.set(needs.reference, found)
    else this.#waiting.set(needs.sku, found)
  }
}

/** The stock after these commands, all of which must be accepted. */
export function given(...commands: Command[]): StockInMemory {
  const stock = new StockInMemory()
  for (const command of commands) {
    const decision = stock.decide(command)
    if (decision.status !== 'accepted')
      throw new Error(`${command.type} was not accepted: ${JSON.stringify(decision)}`)
  }
  return stock
}

/** The events of a decision without their positions, or its rejection. */
export function outcome(
  decision: Decision,
): readonly Event[] | Extract<Decision, { status: 'rejected' }>['rejection'] {
  if (decision.status === 'undecided') throw new Error('All lines are loaded, but the decision needs more.')
  return decision.status === 'accepted' ? decision.events.map(({ event }) => event) : decision.rejection
}

export const createBatch = (
  reference: string,
  sku: string,
  quantity: number,
  eta: string | null = null,
): Command => ({
  type: 'CreateBatch',
  reference: parseBatchReference(reference),
  sku: parseSku(sku),
  quantity: parseQuantity(quantity, 1),
  eta: eta === null ? null : parseCalendarDate(eta),
})

export const changeBatchQuantity = (
  reference: string,
  quantity: number,
  options: { reason?: string; expectedVersion?: bigint } = {},
): Command => ({
  type: 'ChangeBatchQuantity',
  reference: parseBatchReference(reference),
  quantity: parseQuantity(quantity, 0),
  reason: options.reason ?? null,
  expectedVersion: (options.expectedVersion as LogPosition | undefined) ?? null,
})

export const allocate = (orderId: string, sku: string, quantity: number): Command => ({
  type: 'Allocate',
  orderId: parseOrderId(orderId),
  sku: parseSku(sku),
  quantity: parseQuantity(quantity, 1),
})

export const deallocate = (orderId: string, sku: string): Command => ({
  type: 'Deallocate',
  orderId: parseOrderId(orderId),
  sku: parseSku(sku),
})
