/** What must be said of each kind of command. All of it is said in the command's own file. */
import type { Deciding, Decision, Draft } from '../decision.ts'
import type { Product } from '../product.ts'
import type { Stock } from '../stock.ts'
import type { BatchReference, OrderId, Sku } from '../values.ts'

/** A kind of command: what must be known to decide it, and the decision. */
export interface CommandKind<C> {
  readonly concerns: (command: C) => Concerns
  /** Pure: the same stock and command give the same answer. */
  readonly decide: (stock: Stock, command: C, begin: BeginDraft) => Decision | Deciding
}

/** What a command names: its product, or else a batch, which tells the product. */
export type Concerns = (
  | { readonly sku: Sku; readonly batch?: BatchReference }
  | { readonly sku: null; readonly batch: BatchReference }
) & {
  readonly line?: { readonly orderId: OrderId; readonly sku: Sku }
  /** The command makes a batch with this reference, which no other product's batch may have. */
  readonly claim?: { readonly reference: BatchReference; readonly sku: Sku }
}

export type BeginDraft = (product: Product) => Draft
