/**
 * Rebuilds the write side's tables from the log, in separate tables, and records every rule that the log breaks. The caches bound the
 * memory, whatever the number of lines.
 */
import { and, eq, sql } from 'drizzle-orm'
import { date, integer } from 'drizzle-orm/pg-core'
import { LRUCache } from 'lru-cache'
import { batchChange, batchOf, isLineEvent } from '../../domain/events.ts'
import { evolveBatch, evolveLine } from '../../domain/product.ts'
import type { Batch, Line } from '../../domain/product.ts'
import { lineKey } from '../../domain/stock.ts'
import type { LineKey } from '../../domain/stock.ts'
import type {
  BatchReference,
  CalendarDate,
  LogPosition,
  OrderId,
  Quantity,
  Sku,
} from '../../domain/values.ts'
import { pack, packed, packedRows, prepareInsert } from '../../lib/bulk.ts'
import { id, position } from '../../lib/column-types.ts'
import type { Database } from '../../lib/postgres.ts'
import type { Partition } from '../../log/partition.ts'
import type { LoggedEvent } from '../../log/read.ts'
import { stock } from '../../log/tables.ts'
import type { StockBefore } from '../../domain/events/event-kind.ts'
import { checkBatch, checkEvent } from './stock-rules.ts'

/** The separate tables have no constraints, because a faulty log may break them. */
const batchesTable = stock.table('batches_verify', {
  partition: integer('partition').notNull(),
  reference: id('reference').$type<BatchReference>().notNull(),
  sku: id('sku').$type<Sku>().notNull(),
  eta: date('eta', { mode: 'string' }).$type<CalendarDate>(),
  quantity: integer('quantity').notNull(),
  allocated: integer('allocated').notNull(),
  version: position('version').$type<LogPosition>().notNull(),
})

const linesTable = stock.table('allocations_verify', {
  partition: integer('partition').notNull(),
  orderId: id('order_id').$type<OrderId>().notNull(),
  sku: id('sku').$type<Sku>().notNull(),
  quantity: integer('quantity').$type<Quantity>().notNull(),
  batchReference: id('batch_reference').$type<BatchReference>(),
  placed: position('placed').$type<LogPosition>().notNull(),
})

export const BATCHES = { table: 'stock.batches', copy: 'stock.batches_verify', key: ['reference'] } as const
export const LINES = {
  table: 'stock.allocations',
  copy: 'stock.allocations_verify',
  key: ['order_id', 'sku'],
} as const

const MAX_CACHED = 20_000
const MAX_FINDINGS = 100

export class StockReplay {
  /** Batches that a commit left with more allocated than they have, or with less than zero. Only the first hundred. */
  readonly oversold: string[] = []
  /** Events that contradict those before them. Only the first hundred. */
  readonly impossible: string[] = []
  readonly #batches = new LRUCache<string, Batch>({ max: MAX_CACHED })
  readonly #lines = new LRUCache<string, Line>({ max: MAX_CACHED })
  readonly #tables: Tables

  /** @param db has the two tables, which are empty */
  constructor(db: Database) {
    this.#tables = prepareTables(db)
  }

  /** Applies the next commits of a partition. */
  async take(partition: Partition, events: readonly LoggedEvent[]): Promise<void> {
    const page = new Page(partition)
    await this.#load(page, events)
    const touched = new Set<BatchReference>()
    for (const recorded of events) {
      note(this.impossible, checkEvent(partition, recorded, page.before))
      page.apply(recorded)
      const reference = batchOf(recorded.event)
      if (reference !== null) touched.add(reference)
      // After a batch shrinks, the next events remove lines from it, so check it at the end of the commit.
      if (recorded.tag === null) continue
      for (const one of touched)
        note(this.oversold, checkBatch(partition, recorded.position, page.batches.get(one)))
      touched.clear()
    }
    await this.#save(page)
  }

  async #load(page: Page, events: readonly LoggedEvent[]): Promise<void> {
    const references = new Set<BatchReference>()
    const keys = new Map<LineKey, { orderId: OrderId; sku: Sku }>()
    for (const { event } of events) {
      const reference = batchOf(event)
      if (reference !== null && !page.batches.has(reference)) {
        const known = this.#batches.get(`${page.partition} ${reference}`)
        if (known === undefined) references.add(reference)
        else page.batches.set(reference, known)
      }
      if (!isLineEvent(event)) continue
      const key = lineKey(event.orderId, event.sku)
      if (page.lines.has(key)) continue
      const line = this.#lines.get(`${page.partition} ${key}`)
      if (line === undefined) keys.set(key, event)
      else page.lines.set(key, line)
    }
    for (const batch of await this.#tables.loadBatches(page.partition, [...references]))
      page.batches.set(batch.reference, batch)
    for (const line of await this.#tables.loadLines(page.partition, [...keys.values()]))
      page.lines.set(lineKey(line.orderId, line.sku), line)
  }

  async #save(page: Page): Promise<void> {
    const { partition } = page
    const batches = [...page.changedBatches].flatMap((reference) => page.batches.get(reference) ?? [])
    const lines: Line[] = []
    const removed: { orderId: OrderId; sku: Sku }[] = []
    for (const [key, named] of page.changedLines) {
      const line = page.lines.get(key)
      if (line === undefined) {
        removed.push(named)
        this.#lines.delete(`${partition} ${key}`)
      } else {
        lines.push(line)
        this.#lines.set(`${partition} ${key}`, line)
      }
    }
    for (const batch of batches) this.#batches.set(`${partition} ${batch.reference}`, batch)
    await this.#tables.save(partition, batches, lines, removed)
  }
}

/** The batches and lines that a page of events concerns, in memory. */
class Page {
  readonly partition: Partition
  readonly batches = new Map<BatchReference, Batch>()
  readonly lines = new Map<LineKey, Line>()
  readonly changedBatches = new Set<BatchReference>()
  readonly changedLines = new Map<LineKey, { orderId: OrderId; sku: Sku }>()

  constructor(partition: Partition) {
    this.partition = partition
  }

  /** The state that the checks of an event read. */
  readonly before: StockBefore = {
    batch: (reference) => this.batches.get(reference),
    line: (orderId, sku) => this.lines.get(lineKey(orderId, sku)),
  }

  apply(recorded: LoggedEvent): void {
    const { event } = recorded
    const change = batchChange(event)
    const before = change === null ? undefined : this.batches.get(change.reference)
    // A change of a batch that does not exist has been reported as impossible.
    if (change !== null && (change.isNew || before !== undefined)) {
      this.batches.set(change.reference, evolveBatch(before, event.sku, change, recorded.position))
      this.changedBatches.add(change.reference)
    }
    if (!isLineEvent(event)) return
    const key = lineKey(event.orderId, event.sku)
    const line = evolveLine(this.lines.get(key), recorded)
    if (line === undefined) this.lines.delete(key)
    else this.lines.set(key, line)
    this.changedLines.set(key, event)
  }
}

function note(findings: string[], finding: string | null): void {
  if (finding !== null && findings.length < MAX_FINDINGS) findings.push(finding)
}

interface Tables {
  loadBatches(partition: Partition, references: readonly BatchReference[]): Promise<Batch[]>
  loadLines(partition: Partition, keys: readonly { orderId: OrderId; sku: Sku }[]): Promise<Line[]>
  save(
    partition: Partition,
    batches: readonly Batch[],
    lines: readonly Line[],
    removed: readonly { orderId: OrderId; sku: Sku }[],
  ): Promise<void>
}

function prepareTables(db: Database): Tables {
  const batches = db
    .select()
    .from(batchesTable)
    .where(
      and(
        eq(batchesTable.partition, sql.placeholder('partition')),
        sql`${batchesTable.reference} = any(${packed('references')})`,
      ),
    )
    .prepare('verify_batches')
  const wanted = sql`${packedRows('orders', 'skus')} as wanted(order_id, sku)`
  const one = db
    .select()
    .from(linesTable)
    .where(
      and(
        eq(linesTable.partition, sql.placeholder('partition')),
        sql`${linesTable.orderId} = wanted.order_id and ${linesTable.sku} = wanted.sku`,
      ),
    )
    .as('one')
  const lines = db.select(one._.selectedFields).from(wanted).crossJoinLateral(one).prepare('verify_lines')
  const upsertBatches = prepareInsert(db, batchesTable, [batchesTable.partition, batchesTable.reference])
  const upsertLines = prepareInsert(db, linesTable, [
    linesTable.partition,
    linesTable.orderId,
    linesTable.sku,
  ])
  const named = (keys: readonly { orderId: OrderId; sku: Sku }[]) => ({
    orders: pack(keys.map(({ orderId }) => orderId)),
    skus: pack(keys.map(({ sku }) => sku)),
  })
  return {
    loadBatches: async (partition, references) =>
      references.length === 0 ? [] : await batches.execute({ partition, references: pack(references) }),
    loadLines: async (partition, keys) =>
      keys.length === 0 ? [] : await lines.execute({ partition, ...named(keys) }),
    async save(partition, changed, kept, removed) {
      await upsertBatches(changed.map((batch) => ({ partition, ...batch })))
      await upsertLines(kept.map((line) => ({ partition, ...line })))
      if (removed.length === 0) return
      const { orders, skus } = named(removed)
      await db.execute(sql`delete from ${linesTable} l
        using unnest(string_to_array(${orders}, e'\\x1f'), string_to_array(${skus}, e'\\x1f')) as gone(order_id, sku)
        where l.partition = ${partition} and l.order_id = gone.order_id and l.sku = gone.sku`)
    },
  }
}
