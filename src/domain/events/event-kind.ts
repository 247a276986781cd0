/** What must be said of each kind of event. All of it is said in the event's own file. */
import type { Batch, Line } from '../product.ts'
import type { BatchReference, CalendarDate, LogPosition, OrderId, Quantity, Sku } from '../values.ts'

/** A kind of event: its fields, what it does to the stock, and after what it is possible. */
export interface EventKind<E extends { readonly type: string }> {
  readonly fields: FieldsOf<E>
  /** What it does to a batch; null if it concerns none. */
  readonly batchChange: (event: E) => BatchChange | null
  /**
   * For events of an order line: the line as the event leaves it; undefined if there is none any more.
   *
   * @param before the line before the event; undefined if there was none, or if it is not known
   */
  readonly lineAfter?: (event: E, before: Line | undefined, position: LogPosition) => Line | undefined
  /** Whether the event takes stock from its line, so that the line waits. Without this, it never does. */
  readonly displaces?: (event: E) => boolean
  /** What the ledger says of it. */
  readonly movement: (event: E) => Movement
  /** Why the event cannot follow on this stock; null if it can. */
  readonly contradiction: (event: E, before: StockBefore) => string | null
}

/** The fields of a kind of event, each with the type of its values. It decides how they are stored. */
export type FieldsOf<E> = { readonly [Field in Exclude<keyof E, 'type'>]: FieldType<E[Field]> }

/** `date` and `text` may be null. A list holds all values that there are. */
export type FieldType<Value = unknown> = unknown extends Value
  ? 'id' | 'quantity' | 'position' | 'date' | 'text' | readonly string[]
  : [Value] extends [Sku] | [OrderId] | [BatchReference]
    ? 'id'
    : [Value] extends [Quantity]
      ? 'quantity'
      : [Value] extends [LogPosition]
        ? 'position'
        : [Value] extends [CalendarDate | null]
          ? 'date'
          : string extends Value
            ? 'text'
            : readonly Value[]

/** What an event adds to a batch, in units. */
export interface BatchChange {
  readonly reference: BatchReference
  readonly eta: CalendarDate | null
  readonly purchased: number
  readonly allocated: number
  /** The batch begins with this event. */
  readonly isNew?: true
}

export interface Movement {
  readonly type: MovementType
  /** Units; negative if a batch shrank. */
  readonly quantity: number
  readonly reason?: string | null
}

export type MovementType =
  | 'BATCH_CREATED'
  | 'BATCH_QUANTITY_CHANGED'
  | 'ALLOCATED'
  | 'DEALLOCATED'
  | 'BACKORDERED'
  | 'BACKORDER_CANCELLED'

/** The batch and the line that an event concerns, as they are before it. */
export interface StockBefore {
  readonly batch: (reference: BatchReference) => Batch | undefined
  readonly line: (orderId: OrderId, sku: Sku) => Line | undefined
}
