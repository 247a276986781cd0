/** Plans the commands to send for the lines of a shop's invoices, product by product. */
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
  /** Reference of the product's only batch. */
  readonly reference: string
  readonly opening: number
  /** Sent one after another. */
  readonly steps: Step[]
}

export interface Plan {
  readonly products: readonly ProductPlan[]
  readonly commands: number
  readonly unusable: readonly { readonly line: number; readonly why: string }[]
}

export interface PlanOptions {
  readonly prefix: string
  /** Lines after this one are not played. They still count for the initial stock, so that a longer run can continue a shorter one. */
  readonly limit: number
  /** Null: half of what is ordered. */
  readonly stock: number | null
  /** Prefix of every command id. A repeated run sends the same ids and gets the same answers. */
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
  /** Lines that can still be cancelled; the newest is last. */
  readonly open: Ordered[]
}

interface InvoiceLine {
  readonly orderId: string
  readonly sku: string
  /** Reference of the SKU's batch. */
  readonly reference: string
  /** Units ordered, cancelled or written off; 1 or more. */
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
      // A cancellation does not name its order. Assume the newest line with the same quantity.
      const which = product.open.findLastIndex((open) => open.quantity === units)
      if (which < 0) return `no line of ${units} units of ${sku} to cancel`
      const [{ orderId }] = product.open.splice(which, 1) as [Ordered]
      product.steps.push({ type: 'deallocate', commandId, orderId })
    } else if (played) {
      product.steps.push({ type: 'writeOff', commandId, units })
    }
    return null
  }

  /** An order has one line per product. If an invoice has two, the second becomes a line of another order. */
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

/** @returns the line, or why it is not valid */
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
