import { parseLogPosition, parseOrderId, parseSku } from '../domain/values.ts'
import type { OrderId, Sku } from '../domain/values.ts'
import type { LedgerCursor } from '../live/ledger-feed.ts'
import type { State } from '../live/state-feed.ts'
import { parseToken } from '../log/token.ts'
import type { AvailabilityRow } from '../projection/availability.ts'
import type { MovementRow } from '../projection/movements.ts'
import type { OrderRow } from '../projection/orders.ts'
import type { ProjectionProgress } from '../projector/progress.ts'
import type { OrderView } from './context.ts'
import { badUserInput } from './errors.ts'
import type { LiveStreams } from './live-streams.ts'
import type { GqlSubscriptionAllocationChangedArgs, GqlSubscriptionResolvers } from './resolver-types.ts'

const MAX_SKUS = 100

export const subscriptionResolvers: GqlSubscriptionResolvers = {
  availabilityChanged: {
    subscribe: (_, args, { live }) => {
      if (args.skus.length === 0 || args.skus.length > MAX_SKUS) {
        throw badUserInput(`"skus" has ${args.skus.length} entries; it can have 1 to ${MAX_SKUS}.`)
      }
      return live.hub.products.watch(args.skus.map(parseSku), { skipEmpty: true })
    },
    resolve: (state: State<AvailabilityRow>) => state[0] as AvailabilityRow,
  },
  allocationChanged: {
    subscribe: (_, args, { live }) => live.hub.orders.watch([parseOrderId(args.orderId)]),
    resolve: (rows: State<OrderRow>, args: GqlSubscriptionAllocationChangedArgs): OrderView => ({
      id: args.orderId as OrderId,
      rows,
    }),
  },
  stockMoved: {
    subscribe: (_, args, { live }) => {
      const sku = args.sku == null ? null : parseSku(args.sku)
      const partitions = sku === null ? [...Array(live.partitions).keys()] : [live.partitionOf(sku)]
      return live.hub.ledger.stream(
        sku,
        partitions,
        args.after == null ? new Map() : cursor(args.after, sku, live),
      )
    },
    resolve: (movement: MovementRow) => movement,
  },
  projectionProgressed: {
    subscribe: (_, __, { live }) => live.progress(),
    resolve: (progress: ProjectionProgress) => progress,
  },
}

/** A position speaks of one partition: the product's, or the only one. A token says for each. */
function cursor(after: string, sku: Sku | null, { partitionOf, partitions }: LiveStreams): LedgerCursor {
  if (after.includes(':')) return parseToken(after)
  if (sku === null && partitions > 1) {
    throw badUserInput('The log has several partitions: give "after" a consistency token, or name a product.')
  }
  return new Map([[sku === null ? 0 : partitionOf(sku), parseLogPosition(after)]])
}
