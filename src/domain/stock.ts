/** The stock as a decision reads it. */
import type { Line, Product } from './product.ts'
import type { BatchReference, OrderId, Sku } from './values.ts'

/** The products and lines that the command names, and the lines that it may move. */
export interface Stock {
  readonly products: ReadonlyMap<Sku, Product>
  readonly skuOf: ReadonlyMap<BatchReference, Sku>
  readonly lines: ReadonlyMap<LineKey, Line>
  /** Whether the product holds the claim to the reference, so that no other product's batch can have it. */
  mayUse(reference: BatchReference, sku: Sku): boolean
  /** A batch's lines, newest first. */
  newestLines(reference: BatchReference): LoadedLines
  /** A product's waiting lines, oldest first, without those that asked for more than was available when they were loaded. */
  waitingLines(sku: Sku): LoadedLines
}

/** The first lines of a list, as many as have been loaded. */
export interface LoadedLines {
  readonly lines: readonly Line[]
  /** Whether the list has no further lines, or none that the decision needs. */
  readonly complete: boolean
}

declare const lineKeyBrand: unique symbol
export type LineKey = string & { readonly [lineKeyBrand]: true }

/** Ids contain no control characters, so no two lines have the same key. */
export const lineKey = (orderId: OrderId, sku: Sku): LineKey => `${orderId}\u001f${sku}` as LineKey

/** The order and the product of a line, from its key. */
export const parseLineKey = (key: LineKey): [OrderId, Sku] => key.split('\u001f') as [OrderId, Sku]

export type LinesNeeded =
  /** The newest lines of a batch, until they hold `units`. */
  | { readonly of: 'batch'; readonly reference: BatchReference; readonly units: number }
  /** More of a product's waiting lines, namely the next ones that ask for at most `atMost`. */
  | { readonly of: 'queue'; readonly sku: Sku; readonly atMost: number }
