/** What the domain is told (commands), what it answers (events, rejections). Plain data, closed unions. */
import type { BatchReference, CalendarDate, CommandId, LogPosition } from './values.ts'
import type { OrderId, Quantity, Sku } from './values.ts'

export type Command = CreateBatch | ChangeBatchQuantity | Allocate | Deallocate

/** A batch bought or made: in the warehouse (`eta` null) or on its way. */
export interface CreateBatch {
  readonly type: 'CreateBatch'
  readonly reference: BatchReference
  readonly sku: Sku
  readonly quantity: Quantity
  readonly eta: CalendarDate | null
}

/** The batch now holds `quantity` units in all, whatever is allocated of them. */
export interface ChangeBatchQuantity {
  readonly type: 'ChangeBatchQuantity'
  readonly reference: BatchReference
  readonly quantity: Quantity
  readonly reason: string | null
  /** The batch's version that the sender decided upon; null to change it whatever happened since. */
  readonly expectedVersion: LogPosition | null
}

export interface Allocate {
  readonly type: 'Allocate'
  readonly orderId: OrderId
  readonly sku: Sku
  readonly quantity: Quantity
}

export interface Deallocate {
  readonly type: 'Deallocate'
  readonly orderId: OrderId
  readonly sku: Sku
}

export type Event =
  BatchCreated | BatchQuantityChanged | LineAllocated | LineDeallocated | LineBackordered | BackorderCancelled

/** An event at its place in the log: what happened, where in the order of things, when, and by which command. */
export interface RecordedEvent {
  readonly position: LogPosition
  readonly recordedAt: Date
  readonly commandId: CommandId
  readonly event: Event
}

export interface BatchCreated {
  readonly type: 'BatchCreated'
  readonly reference: BatchReference
  readonly sku: Sku
  readonly quantity: Quantity
  readonly eta: CalendarDate | null
}

export interface BatchQuantityChanged {
  readonly type: 'BatchQuantityChanged'
  readonly reference: BatchReference
  readonly sku: Sku
  readonly eta: CalendarDate | null
  readonly from: Quantity
  readonly to: Quantity
  readonly reason: string | null
}

interface LineEvent {
  readonly orderId: OrderId
  readonly sku: Sku
  readonly quantity: Quantity
}

export interface LineAllocated extends LineEvent {
  readonly type: 'LineAllocated'
  readonly batchReference: BatchReference
  readonly eta: CalendarDate | null
}

/**
 * The line has left its batch. `REQUESTED`: it is gone. `BATCH_REDUCED`: it waits for stock from now on,
 * at the place in the queue that `placed` gives, and what becomes of it follows as `LineAllocated` or
 * `LineBackordered` in the same commit.
 */
export interface LineDeallocated extends LineEvent {
  readonly type: 'LineDeallocated'
  readonly batchReference: BatchReference
  readonly eta: CalendarDate | null
  readonly cause: 'REQUESTED' | 'BATCH_REDUCED'
  readonly placed: LogPosition
}

/** No batch can take the line; it keeps its place in the queue. */
export interface LineBackordered extends LineEvent {
  readonly type: 'LineBackordered'
}

/** A waiting line was taken back by the customer. */
export interface BackorderCancelled extends LineEvent {
  readonly type: 'BackorderCancelled'
}

/** Expected refusals. A refused command changes nothing. */
export type Rejection =
  | { readonly type: 'InvalidSku'; readonly sku: Sku }
  | OutOfStock
  | { readonly type: 'BatchReferenceTaken'; readonly reference: BatchReference }
  | { readonly type: 'BatchNotFound'; readonly reference: BatchReference }
  | {
      readonly type: 'LineAlreadyAllocated'
      readonly orderId: OrderId
      readonly sku: Sku
      readonly quantity: Quantity
    }
  | { readonly type: 'LineNotAllocated'; readonly orderId: OrderId; readonly sku: Sku }
  | {
      readonly type: 'StaleVersion'
      readonly reference: BatchReference
      readonly expected: LogPosition
      readonly actual: LogPosition
    }
  | { readonly type: 'StockLimitExceeded'; readonly sku: Sku; readonly limit: number }
  | { readonly type: 'TooManyLines'; readonly sku: Sku; readonly limit: number }

export interface OutOfStock {
  readonly type: 'OutOfStock'
  readonly sku: Sku
  readonly requested: Quantity
  /** The most that one line could be given now, which is what the fullest batch has left. */
  readonly available: number
  /** The day by which all batches together will have held as much; null if they do not. */
  readonly earliestDate: CalendarDate | null
}
