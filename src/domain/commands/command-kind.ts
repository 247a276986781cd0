/** The definition that each kind of command gives in its own file. */
import type { Deciding, Decision, Draft } from '../decision.ts'
import type { Product } from '../product.ts'
import type { Stock } from '../stock.ts'
import type { BatchReference, OrderId, Sku } from '../values.ts'

/** A kind of command: what its decision needs, and how it is decided. */
export interface CommandKind<C> {
  readonly concerns: (command: C) => Concerns
  /** A pure function: the same stock and command give the same decision. */
  readonly decide: (stock: Stock, command: C, begin: BeginDraft) => Decision | Deciding
}

/** What a command names: its product, or else a batch, whose product is then looked up. */
export type Concerns = (
  | { readonly sku: Sku; readonly batch?: BatchReference }
  | { readonly sku: null; readonly batch: BatchReference }
) & {
  readonly line?: { readonly orderId: OrderId; readonly sku: Sku }
  /** The command creates a batch with this reference, which no other product's batch may have. */
  readonly claim?: { readonly reference: BatchReference; readonly sku: Sku }
}

export type BeginDraft = (product: Product) => Draft
