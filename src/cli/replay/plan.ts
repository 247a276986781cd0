/** From the lines of a shop's invoices to what is to be sent, product by product. */
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
  ordered: number
  readonly steps: Step[]
  /** Lines that can still be cancelled, the newest last. */
  readonly open: Ordered[]
}

const CANCELLATION = /^C/i

export function planReplay(rows: readonly CsvRow[], { prefix, stock, run }: PlanOptions): Plan {
  const products = new Map<string, Product>()
  const placed = new Map<string, number>()
  const unusable: { line: number; why: string }[] = []

  for (const { line, values } of rows) {
    const { InvoiceNo: invoice = '', StockCode: code = '', Quantity: text = '' } = values
    const sku = `${prefix}${code}`
    const quantity = Number(text)
    if (invoice === '' || code === '' || text === '' || !Number.isInteger(quantity) || quantity === 0) {
      unusable.push({ line, why: `InvoiceNo ${invoice}, StockCode ${code}, Quantity ${text}` })
      continue
    }
    const product = products.get(sku) ?? { sku, ordered: 0, steps: [], open: [] }
    const commandId = `${run} ${line}`
    if (quantity > 0) {
      const orderId = numbered(`${prefix}${invoice}`, sku)
      product.ordered += quantity
      product.open.push({ orderId, quantity })
      product.steps.push({ type: 'allocate', commandId, orderId, quantity })
    } else if (CANCELLATION.test(invoice)) {
      // It does not say of which order; the newest line of as many units will be it.
      const at = product.open.findLastIndex((open) => open.quantity === -quantity)
      if (at < 0) {
        unusable.push({ line, why: `no line of ${-quantity} units of ${sku} to cancel` })
        continue
      }
      const [{ orderId }] = product.open.splice(at, 1) as [Ordered]
      product.steps.push({ type: 'deallocate', commandId, orderId })
    } else {
      product.steps.push({ type: 'writeOff', commandId, units: -quantity })
    }
    products.set(sku, product)
  }

  /** An order has one line a product; where an invoice has two, the second is another order's. */
  function numbered(orderId: string, sku: string): string {
    const key = JSON.stringify([orderId, sku])
    const times = (placed.get(key) ?? 0) + 1
    placed.set(key, times)
    return times === 1 ? orderId : `${orderId}/${times}`
  }

  const plans = [...products.values()].map(({ sku, ordered, steps }): ProductPlan => {
    return {
      sku,
      reference: `opening-${sku}`,
      opening: stock ?? Math.max(1, Math.ceil(ordered / 2)),
      steps: [{ type: 'open', commandId: `${run} opening ${sku}` }, ...steps],
    }
  })
  return { products: plans, commands: plans.reduce((sum, { steps }) => sum + steps.length, 0), unusable }
}
