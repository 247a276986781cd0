/** The sources of live operations, by the field of `Subscription`. */
import { parseOrderId, parseSku } from '../../domain/values.ts'
import type { Sku } from '../../domain/values.ts'
import type { DeliveredState } from '../../live/state-feed.ts'
import { formatToken, parseCursor } from '../../log/token.ts'
import type { LogCursor } from '../../log/token.ts'
import type { Partition } from '../../log/partition.ts'
import type { AvailabilityRow } from '../../projection/availability.ts'
import type { OrderRow } from '../../projection/orders.ts'
import type { ProjectedRow } from '../../projector/projection.ts'
import type { ProjectionProgress } from '../../projector/progress.ts'
import type { OrderView } from '../context.ts'
import { badUserInput } from '../errors.ts'
import type {
  GqlSubscriptionAllocationChangedArgs,
  GqlSubscriptionAvailabilityChangedArgs,
  GqlSubscriptionStockMovedArgs,
} from '../resolver-types.ts'
import type { LiveStreams } from './streams.ts'

/** A source of states: a newer value replaces earlier values of the same key. */
export interface StateSource<Value = unknown> {
  readonly kind: 'state'
  readonly open: () => AsyncGenerator<Value, void, void>
  readonly keyOf: (value: Value) => string
  /** The value of the root field. */
  readonly resultOf: (value: Value) => unknown
  readonly cursorOf: (value: Value) => string | null
  /** When the change was recorded, in milliseconds since 1970; null if that is unknown. */
  readonly recordedAt: (value: Value) => number | null
}

/** A source of movements, none of which may be left out. */
export interface LedgerSource {
  readonly kind: 'ledger'
  /** Null: all products. */
  readonly sku: Sku | null
  /** The partitions that contain them. */
  readonly partitions: readonly Partition[]
  /** Begin after this; null: begin now. */
  readonly after: LogCursor | null
}

export type LiveSource = StateSource | LedgerSource

/** @throws InvalidValue, BAD_USER_INPUT */
export type SourceOf = (args: Record<string, unknown>, live: LiveStreams) => LiveSource

const MAX_SKUS = 100

/** @returns undefined for a field that is not live */
export const sourceOf = (field: string): SourceOf | undefined => sources[field]

const sources: Record<string, SourceOf> = {
  availabilityChanged(args, { hub }) {
    const { skus } = args as GqlSubscriptionAvailabilityChangedArgs
    if (skus.length === 0 || skus.length > MAX_SKUS) {
      throw badUserInput(`"skus" has ${skus.length} entries; it must have from 1 to ${MAX_SKUS}.`)
    }
    const wanted = skus.map(parseSku)
    return state<DeliveredState<AvailabilityRow>>({
      open: () => hub.products.watch(wanted, { skipEmpty: true }),
      keyOf: ({ rows }) => (rows[0] as AvailabilityRow).sku,
      resultOf: ({ rows }) => rows[0],
      cursorOf: cursorOfState,
      recordedAt: ({ rows }) => (rows[0] as AvailabilityRow).updatedAt.getTime(),
    })
  },
  allocationChanged(args, { hub }) {
    const orderId = parseOrderId((args as GqlSubscriptionAllocationChangedArgs).orderId)
    return state<DeliveredState<OrderRow>>({
      open: () => hub.orders.watch([orderId]),
      keyOf: () => orderId,
      resultOf: ({ rows }): OrderView => ({ id: orderId, rows }),
      cursorOf: cursorOfState,
      recordedAt: () => null,
    })
  },
  stockMoved(args, live) {
    const { sku: given, after } = args as GqlSubscriptionStockMovedArgs
    const sku = given == null ? null : parseSku(given)
    const partitions = sku === null ? [...Array(live.partitions).keys()] : [live.partitionOf(sku)]
    const [partition = null, ...others] = partitions
    return {
      kind: 'ledger',
      sku,
      partitions,
      after:
        after == null || after === 'latest'
          ? null
          : parseCursor(after, others.length === 0 ? partition : null),
    }
  },
  projectionProgressed(_, live) {
    return state<ProjectionProgress>({
      open: live.progress,
      keyOf: ({ name }) => name,
      resultOf: (progress) => progress,
      cursorOf: () => null,
      recordedAt: () => null,
    })
  },
}

/** Erases the type of the values: a group passes to these functions only values that it got from `open`. */
function state<Value>(source: Omit<StateSource<Value>, 'kind'>): StateSource {
  return { kind: 'state', ...source } as StateSource<Value> as StateSource
}

function cursorOfState({ epoch, rows }: DeliveredState<ProjectedRow>): string | null {
  if (rows.length === 0) return null
  return formatToken({
    epoch,
    positions: new Map(rows.map(({ partition, position }) => [partition, position])),
  })
}
