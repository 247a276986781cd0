import { availableToPromise, earliestPromise } from '../../domain/promise.ts'
import { parseBatchReference, parseOrderId, parseQuantity, parseSku } from '../../domain/values.ts'
import type { LogPosition, Sku } from '../../domain/values.ts'
import { productKeyset } from '../../projection/product-list.ts'
import type { AvailabilityRow } from '../../projection/availability.ts'
import type { ProductFilter, ProductOrder, ProductKeyset } from '../../projection/product-list.ts'
import { summarizeProgress } from '../../projector/progress.ts'
import { formatToken, parseCursor } from '../../log/token.ts'
import { entriesOf } from '../bounded-list.ts'
import { connection, listByValues, pageRequest } from '../connection.ts'
import type { List } from '../connection.ts'
import type { ApiContext, LogAccess, QueryRoot } from '../context.ts'
import { badUserInput } from '../errors.ts'
import type { GqlQueryResolvers, GqlResolvers } from '../resolver-types.ts'
import type { GqlQueryProductsArgs, Scalars } from '../resolver-types.ts'

/** Waits for the query's token, or else for that of the command whose payload it is in. Void: there is nothing to wait for. */
function consistent(
  projection: string,
  root: QueryRoot,
  { consistentWith }: { consistentWith?: Scalars['ConsistencyToken']['input'] | null | undefined },
  context: ApiContext,
): Promise<void> | void {
  const token = consistentWith ?? root?.consistentWith ?? null
  if (token !== null) return context.consistent(projection, token)
}

const Query: GqlQueryResolvers = {
  product(root, args, context) {
    const sku = parseSku(args.sku)
    const one = ([row]: readonly AvailabilityRow[]) => row ?? null
    const read = () => {
      const rows = context.memory.products(sku)
      return rows === undefined ? context.reads.availability.one(sku).then(one) : one(rows)
    }
    const reached = consistent('availability', root, args, context)
    return reached === undefined ? read() : reached.then(read)
  },
  async products(root, args, context) {
    const order = productOrder(args)
    const filter = productFilter(args)
    const list = productList(order)
    const request = pageRequest(args, list)
    await consistent('availability', root, args, context)
    const page = await context.reads.products(filter, order, request)
    return connection(page, request, list, (row) => productKeyset(row, order))
  },
  async batch(root, args, context) {
    const reference = parseBatchReference(args.reference)
    await consistent('batches', root, args, context)
    const row = (await context.reads.batches.one(reference))[0]
    return row === undefined ? null : { ...row, version: String(row.position) }
  },
  async order(root, args, context) {
    const id = parseOrderId(args.id)
    await consistent('orders', root, args, context)
    const rows = context.memory.orders(id) ?? (await context.reads.orders.one(id))
    return rows.length === 0 ? null : { id, rows }
  },
  async stockMovements(root, args, context) {
    const sku = parseSku(args.sku)
    const list = movementList(sku, context.log)
    const request = pageRequest(args, list)
    for (const cursor of [args.after, args.before])
      if (cursor != null) await context.log.admit(parseCursor(cursor, context.log.partitionOf(sku)))
    await consistent('movements', root, args, context)
    const page = await context.reads.ledger.page(sku, request)
    return connection(page, request, list, (row) => [row.position] as const)
  },
  async projections(_, __, context) {
    return summarizeProgress(await context.reads.progress(), new Date())
  },
}

export const queryResolvers: GqlResolvers = {
  Query,
  Product: {
    availableToPromise: ({ batches }, args) => entriesOf(availableToPromise(batches), args, DEFAULT_DAYS),
    earliestDate: ({ batches }, { quantity }) => {
      const promise = earliestPromise(availableToPromise(batches), quantity)
      return promise && { now: promise.date === null, date: promise.date }
    },
    batches: ({ sku, batches }, args) =>
      entriesOf(batches, args, DEFAULT_ENTRIES, ({ reference }) => reference).map((batch) => ({
        ...batch,
        sku,
      })),
    version: ({ position }) => String(position),
  },
  Order: {
    // The rows are in no particular order; memory and the database return them differently.
    lines({ rows }, args) {
      const lines = rows.toSorted((a, b) => a.partition - b.partition).flatMap(({ lines }) => [...lines])
      return entriesOf(lines, args, DEFAULT_ENTRIES, ({ sku }) => sku)
    },
  },
  StockMovement: {
    position: ({ position }) => String(position),
    reference: ({ commandId }) => commandId,
  },
  Projection: {
    position: ({ position }) => String(position),
    head: ({ head }) => String(head),
  },
}

/** The schema's default values, for clients that send null. */
const DEFAULT_DAYS = 50
const DEFAULT_ENTRIES = 100

const MAX_SKUS = 100

function productOrder({ orderBy }: Partial<GqlQueryProductsArgs>): ProductOrder {
  return { field: orderBy?.field ?? 'SKU', descending: orderBy?.direction === 'DESC' }
}

function productFilter({ filter }: Partial<GqlQueryProductsArgs>): ProductFilter {
  const given = filter?.skus ?? null
  if (given !== null && given.length > MAX_SKUS) {
    throw badUserInput(`"skus" has ${given.length} entries; at most ${MAX_SKUS} are allowed.`)
  }
  const skus = given?.map(parseSku) ?? null
  const prefix = filter?.skuStartsWith ?? ''
  const status = filter?.status == null ? null : [...new Set(filter.status)]
  return { skus, skuStartsWith: prefix === '' ? null : parseSku(prefix), status }
}

function productList({ field }: ProductOrder): List<ProductKeyset> {
  return listByValues<ProductKeyset>(`products by ${field}`, (values) => {
    const sku = values.at(-1)
    if (typeof sku !== 'string') return null
    if (field === 'SKU') return values.length === 1 ? [parseSku(sku)] : null
    const [available] = values
    return values.length === 2 && typeof available === 'number'
      ? [parseQuantity(available, 0), parseSku(sku)]
      : null
  })
}

/** The list's cursors are also those of `stockMoved`. */
function movementList(sku: Sku, { epoch, partitionOf }: LogAccess): List<readonly [LogPosition]> {
  const partition = partitionOf(sku)
  return {
    encode: ([position]) => formatToken({ epoch, positions: new Map([[partition, position]]) }),
    decode(cursor) {
      const position = parseCursor(cursor, partition).positions.get(partition)
      return position === undefined ? null : [position]
    },
  }
}
