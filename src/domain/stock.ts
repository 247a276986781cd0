/** What a decision can ask of the stock. */
import type { Line, Product } from './product.ts'
import type { BatchReference, OrderId, Sku } from './values.ts'

/** What a decision needs to know: the products and lines that the command names, and the lines that it may move. */
export interface Stock {
  readonly products: ReadonlyMap<Sku, Product>
  readonly skuOf: ReadonlyMap<BatchReference, Sku>
  readonly lines: ReadonlyMap<LineKey, Line>
  /** Whether the product has a claim to the reference, so that no other product's batch can have it. */
  mayUse(reference: BatchReference, sku: Sku): boolean
  /** A batch's lines, newest first. */
  newestLines(reference: BatchReference): KnownLines
  /** A product's waiting lines, first come first, without those that asked for more than there was when they were loaded. */
  waitingLines(sku: Sku): KnownLines
}

/** The beginning of a list of lines, as far as it has been loaded. */
export interface KnownLines {
  readonly lines: readonly Line[]
  /** There are no more, or no more are needed. */
  readonly complete: boolean
}

declare const lineKeyBrand: unique symbol
export type LineKey = string & { readonly [lineKeyBrand]: true }

/** Ids hold no control characters, so no two lines share a key. */
export const lineKey = (orderId: OrderId, sku: Sku): LineKey => `${orderId}\u001f${sku}` as LineKey

/** The order and the product of a line. */
export const ofLine = (key: LineKey): [OrderId, Sku] => key.split('\u001f') as [OrderId, Sku]

export type LinesNeeded =
  /** The newest lines of a batch, until they hold `units`. */
  | { readonly of: 'batch'; readonly reference: BatchReference; readonly units: number }
  /** More of a product's waiting lines, namely the next ones that ask for at most `atMost`. */
  | { readonly of: 'queue'; readonly sku: Sku; readonly atMost: number }
