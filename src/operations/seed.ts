/**
 * The sample catalogue: the first days of a shop, with products in every state. The order lines are real; the stock is invented.
 */
import { readFile } from 'node:fs/promises'
import { parse } from 'csv-parse/sync'
import type { CommandRequest, Outcome } from '../command/request.ts'
import type { Command } from '../domain/commands.ts'
import { parseBatchReference, parseCalendarDate, parseCommandId } from '../domain/values.ts'
import { parseOrderId, parseQuantity, parseSku } from '../domain/values.ts'
import type { CalendarDate, Sku } from '../domain/values.ts'

const SAMPLE = new URL('../../drizzle/seed/sample-orders.csv', import.meta.url)

interface SampleLine {
  readonly order: string
  readonly sku: Sku
  readonly quantity: number
}

/** Computes the stock of a product of which `ordered` units are ordered: in the warehouse, and on its way. */
type Supply = (ordered: number) => { readonly here: number; readonly coming: number }

/** Assigned in turn, so that some products end up plentiful, some low, some incoming only, and some sold out. */
const SUPPLIES: readonly Supply[] = [
  (ordered) => ({ here: ordered * 2, coming: 0 }),
  (ordered) => ({ here: ordered + 4, coming: 60 }),
  (ordered) => ({ here: ordered * 3, coming: 120 }),
  (ordered) => ({ here: ordered, coming: 200 }),
  (ordered) => ({ here: ordered, coming: 0 }),
  (ordered) => ({ here: Math.ceil(ordered / 2), coming: ordered * 2 }),
]

/** @returns the numbers of products, orders and accepted commands; some lines are rejected, because their product is sold out */
export async function seed(
  dispatch: (request: CommandRequest) => Promise<Outcome>,
  now: Date,
): Promise<{ products: number; orders: number; accepted: number }> {
  const lines = await readSample()
  const ordered = new Map<Sku, number>()
  for (const { sku, quantity } of lines) ordered.set(sku, (ordered.get(sku) ?? 0) + quantity)
  const stock = [...ordered].flatMap(([sku, units], at) => openingBatches(sku, units, at, now))
  const orders = lines.map(({ order, sku, quantity }): Command => {
    return { type: 'Allocate', orderId: parseOrderId(order), sku, quantity: parseQuantity(quantity, 1) }
  })
  const sent = [...stock, ...orders].map((command, at) =>
    dispatch({ id: parseCommandId(`sample-${at}`), command }),
  )
  const outcomes = await Promise.all(sent)
  return {
    products: ordered.size,
    orders: new Set(lines.map(({ order }) => order)).size,
    accepted: outcomes.filter(({ status }) => status === 'accepted').length,
  }
}

async function readSample(): Promise<SampleLine[]> {
  const rows = parse(await readFile(SAMPLE), { columns: true, comment: '#' }) as Record<string, string>[]
  return rows.map((row) => ({
    order: `sample-${row['InvoiceNo']}`,
    sku: parseSku(skuOf(row['Description'] ?? '')),
    quantity: Number(row['Quantity']),
  }))
}

/** `WHITE METAL LANTERN` → `white-metal-lantern` */
function skuOf(description: string): string {
  return description
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

function openingBatches(sku: Sku, ordered: number, at: number, now: Date): Command[] {
  const { here, coming } = (SUPPLIES[at % SUPPLIES.length] as Supply)(ordered)
  const batch = (reference: string, quantity: number, eta: CalendarDate | null): Command => ({
    type: 'CreateBatch',
    reference: parseBatchReference(reference),
    sku,
    quantity: parseQuantity(quantity, 1),
    eta,
  })
  const batches = [batch(`${sku}-warehouse`, here, null)]
  if (coming > 0) batches.push(batch(`${sku}-shipment`, coming, daysFrom(now, 7 + (at % 4) * 7)))
  return batches
}

function daysFrom(now: Date, days: number): CalendarDate {
  return parseCalendarDate(new Date(now.getTime() + days * 86_400_000).toISOString().slice(0, 10))
}
