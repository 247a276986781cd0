/** The definition that each kind of event gives in its own file. */
import type { Batch, Line } from '../product.ts'
import type { BatchReference, CalendarDate, LogPosition, OrderId, Quantity, Sku } from '../values.ts'

/** A kind of event: its fields, its effect on the stock, and the states in which it cannot happen. */
export interface EventKind<E extends { readonly type: string }> {
  readonly fields: FieldsOf<E>
  /** The event's effect on a batch; null if it concerns none. */
  readonly batchChange: (event: E) => BatchChange | null
  /**
   * For events of an order line: the line after the event; undefined if the event removes it.
   *
   * @param before the line before the event; undefined if there was none, or if it is not loaded
   */
  readonly lineAfter?: (event: E, before: Line | undefined, position: LogPosition) => Line | undefined
  /** Whether the event takes the stock from its line, so that the line waits. A kind without this function never does. */
  readonly displaces?: (event: E) => boolean
  /** The event's entry in the ledger. */
  readonly movement: (event: E) => Movement
  /** Why the event cannot happen in this state of the stock; null if it can. */
  readonly contradiction: (event: E, before: StockBefore) => string | null
}

/** The fields of a kind of event, each with the type of its values. The type decides how the codec stores them. */
export type FieldsOf<E> = { readonly [Field in Exclude<keyof E, 'type'>]: FieldType<E[Field]> }

/** Fields of type `date` and `text` may be null. A list gives all possible values of a field. */
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
  /** Set if the event creates the batch. */
  readonly isNew?: true
}

export interface Movement {
  readonly type: MovementType
  /** In units; negative if a batch shrank. */
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

/** The batches and lines as they are before an event. */
export interface StockBefore {
  readonly batch: (reference: BatchReference) => Batch | undefined
  readonly line: (orderId: OrderId, sku: Sku) => Line | undefined
}
