/** Everything that happens in a round, as the participants saw it. Times are seconds since the start of the round. */

export type Command =
  | {
      readonly type: 'createBatch'
      readonly reference: string
      readonly sku: string
      readonly quantity: number
      readonly eta: string | null
    }
  | {
      readonly type: 'changeBatchQuantity'
      readonly reference: string
      readonly quantity: number
      readonly reason: string | null
      readonly expectedVersion: string | null
    }
  | {
      readonly type: 'allocate'
      readonly orderId: string
      readonly sku: string
      readonly quantity: number
    }
  | { readonly type: 'deallocate'; readonly orderId: string; readonly sku: string }

export type Result =
  | {
      readonly kind: 'accepted'
      readonly token: string
      readonly batchReference: string | null
      readonly replayed: boolean
    }
  | { readonly kind: 'rejected'; readonly code: string; readonly replayed: boolean }
  /** The code and message of the error; `no answer` if there was none. */
  | { readonly kind: 'failed'; readonly code: string; readonly message?: string }

export interface Attempt {
  readonly server: string
  readonly sentAt: number
  readonly answeredAt: number
  readonly result: Result
}

export interface SentCommand {
  readonly id: string
  readonly command: Command
  readonly attempts: Attempt[]
}

/** A message on the stream `change_batch_quantity`. */
export interface Message {
  readonly sentAt: number
  /** Null: a mistake of the other system, which names a batch that does not exist. */
  readonly reference: string | null
  /** The number among the messages of the batch: 1, 2, 3 … */
  readonly number: number
  readonly quantity: number
  /** Returned in the event, to identify the message. */
  readonly reason: string
  /** Whether Redis has acknowledged it. */
  readonly taken: boolean
  /** How often Redis had been emptied when the message was sent. */
  readonly redisLife: number
}

export interface ProductState {
  readonly sku: string
  readonly version: string
  readonly status: string
  readonly onHand: number
  readonly allocated: number
  readonly available: number
  readonly incoming: number
  readonly availableToPromise: readonly {
    readonly date: string | null
    readonly quantity: number
    readonly cumulative: number
  }[]
}

export interface OrderState {
  readonly id: string
  readonly lines: readonly {
    readonly sku: string
    readonly quantity: number
    readonly status: string
    readonly batchReference: string | null
    readonly eta: string | null
  }[]
}

export interface Movement {
  readonly position: string
  readonly sku: string
  readonly type: string
  readonly quantity: number
  readonly batchReference: string | null
  readonly orderId: string | null
  readonly reason: string | null
  /** The command's id. */
  readonly reference: string
  readonly availableBefore: number
  readonly availableAfter: number
  readonly recordedAt: string
}

export interface Seen<T> {
  readonly at: number
  readonly value: T
}

/** What one client received, in order. */
export interface Witness {
  readonly name: string
  readonly products: Seen<ProductState>[]
  readonly orders: Seen<OrderState>[]
  readonly movements: Seen<Movement>[]
  readonly watchedSkus: readonly string[]
  readonly watchedOrders: readonly string[]
  readonly followsLedger: boolean
  /** Errors that ended a subscription. */
  readonly errors: Seen<string>[]
}

/** A query with the token of an accepted command. */
export interface TokenRead {
  readonly at: number
  readonly token: string
  readonly state: ProductState
}

export interface Fault {
  readonly kind: string
  readonly target: string
  readonly from: number
  to: number
}

/** A run of `onhand rebuild` or `onhand verify`, concurrent with everything else. */
export interface OperatorRun {
  readonly command: string
  readonly at: number
  readonly code: number | null
  readonly output: string
}

export interface History {
  readonly commands: SentCommand[]
  /** Commands that used the id of an earlier, different command. */
  readonly reuses: SentCommand[]
  readonly messages: Message[]
  readonly witnesses: Witness[]
  readonly reads: TokenRead[]
  readonly faults: Fault[]
  readonly operators: OperatorRun[]
  readonly now: () => number
}

export function startHistory(): History {
  const startedAt = performance.now()
  return {
    commands: [],
    reuses: [],
    messages: [],
    witnesses: [],
    reads: [],
    faults: [],
    operators: [],
    now: () => Math.round(performance.now() - startedAt) / 1000,
  }
}
