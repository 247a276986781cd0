/** From the lines of a shop's invoices to what is to be sent, product by product. */
import { InvalidValue, MAX_QUANTITY, parseBatchReference } from '../../domain/values.ts'
import { parseOrderId, parseQuantity, parseSku } from '../../domain/values.ts'
import type { CsvRow } from '../csv-file.ts'

export type Step =
  | { readonly type: 'open'; readonly commandId: string }
  | {
      readonly type: 'allocate'
      readonly commandId: string
      readonly orderId: string
      readonly quantity: number
    }
  | { readonly type: 'deallocate'; readonly commandId: string; readonly orderId: string }
  | { readonly type: 'writeOff'; readonly commandId: string; readonly units: number }

export interface ProductPlan {
  readonly sku: string
  /** Of the one batch. */
  readonly reference: string
  readonly opening: number
  /** One after another. */
  readonly steps: Step[]
}

export interface Plan {
  readonly products: readonly ProductPlan[]
  readonly commands: number
  readonly unusable: readonly { readonly line: number; readonly why: string }[]
}

export interface PlanOptions {
  readonly prefix: string
  /** Of the lines: those after it are not played. They count for the stock, so that a run can be continued by a longer one. */
  readonly limit: number
  /** Null: half of what is ordered. */
  readonly stock: number | null
  /** Before every command's id: the same run has the same ids, and is answered the same. */
  readonly run: string
}

interface Ordered {
  readonly orderId: string
  readonly quantity: number
}

interface Product {
  readonly sku: string
  readonly reference: string
  ordered: number
  readonly steps: Step[]
  /** Lines that can still be cancelled, the newest last. */
  readonly open: Ordered[]
}

interface InvoiceLine {
  readonly orderId: string
  readonly sku: string
  /** Of the SKU's batch. */
  readonly reference: string
  /** How many units are ordered or taken away, 1 or more. */
  readonly units: number
  readonly type: 'order' | 'cancellation' | 'writeOff'
}

const CANCELLATION = /^C/i

export function planReplay(rows: readonly CsvRow[], options: PlanOptions): Plan {
  const { prefix, limit, stock, run } = options
  const products = new Map<string, Product>()
  const placed = new Map<string, number>()
  const unusable: { line: number; why: string }[] = []

  for (const [at, row] of rows.entries()) {
    const why = take(row, at < limit)
    if (why !== null && at < limit) unusable.push({ line: row.line, why })
  }

  /** @returns why it cannot be played, or null */
  function take(row: CsvRow, played: boolean): string | null {
    const found = parseLine(row, prefix)
    if (typeof found === 'string') return found
    const { sku, reference, units, type } = found
    const product = products.get(sku) ?? { sku, reference, ordered: 0, steps: [], open: [] }
    products.set(sku, product)
    const commandId = `${run} ${row.line}`
    if (type === 'order') {
      product.ordered += units
      if (!played) return null
      const orderId = numbered(found.orderId, sku)
      product.open.push({ orderId, quantity: units })
      product.steps.push({ type: 'allocate', commandId, orderId, quantity: units })
    } else if (played && type === 'cancellation') {
      // It does not say of which order; the newest line of as many units will be it.
      const which = product.open.findLastIndex((open) => open.quantity === units)
      if (which < 0) return `no line of ${units} units of ${sku} to cancel`
      const [{ orderId }] = product.open.splice(which, 1) as [Ordered]
      product.steps.push({ type: 'deallocate', commandId, orderId })
    } else if (played) {
      product.steps.push({ type: 'writeOff', commandId, units })
    }
    return null
  }

  /** An order has one line a product; where an invoice has two, the second is another order's. */
  function numbered(orderId: string, sku: string): string {
    const key = JSON.stringify([orderId, sku])
    const times = (placed.get(key) ?? 0) + 1
    placed.set(key, times)
    return times === 1 ? orderId : `${orderId}/${times}`
  }

  const plans = [...products.values()]
    .filter(({ steps }) => steps.length > 0)
    .map(({ sku, reference, ordered, steps }): ProductPlan => {
      return {
        sku,
        reference,
        opening: stock ?? Math.min(MAX_QUANTITY, Math.max(1, Math.ceil(ordered / 2))),
        steps: [{ type: 'open', commandId: `${run} opening ${sku}` }, ...steps],
      }
    })
  return { products: plans, commands: plans.reduce((sum, { steps }) => sum + steps.length, 0), unusable }
}

/** @returns the line, or why it is none that a shop could have sent */
function parseLine({ values, ragged }: CsvRow, prefix: string): InvoiceLine | string {
  const { InvoiceNo: invoice = '', StockCode: code = '', Quantity: quantity = '' } = values
  if (ragged || invoice === '' || code === '' || quantity === '') {
    return `InvoiceNo ${invoice}, StockCode ${code}, Quantity ${quantity}`
  }
  try {
    const signed = Number(quantity)
    return {
      orderId: parseOrderId(`${prefix}${invoice}`),
      sku: parseSku(`${prefix}${code}`),
      reference: parseBatchReference(`${prefix}opening-${code}`),
      units: parseQuantity(Math.abs(signed), 1),
      type: signed > 0 ? 'order' : CANCELLATION.test(invoice) ? 'cancellation' : 'writeOff',
    }
  } catch (error) {
    if (error instanceof InvalidValue) return error.message
    throw error
  }
}
