/** Folds the whole log: collects every state that ever existed, and every event that was impossible. */
import { violation } from '../violation.ts'
import type { Violation } from '../violation.ts'
import type { Movement, OrderState, ProductState } from '../history.ts'
import type { LoggedEvent } from '../log.ts'
import { movementOf, orderLine, productState } from './states.ts'
import { newProduct, take, unsound } from './stock.ts'
import type { Product } from './stock.ts'

/** The events of one command, which are adjacent. */
export interface Run {
  readonly commandId: string
  readonly partition: number
  readonly first: number
  readonly last: number
  readonly events: readonly LoggedEvent[]
}

/** An order's lines in one partition, from the end of one commit to the end of the next that concerns the order. */
export interface OrderMoment {
  /** The position of the last event that concerned the order. */
  readonly position: number
  readonly lines: OrderState['lines']
}

/** The value at each position where it changed, in order. */
export type Timeline<T> = { readonly position: number; readonly value: T }[]

export interface Model {
  readonly log: readonly LoggedEvent[]
  /** By command. Several if it happened twice, or in separate parts. */
  readonly runs: ReadonlyMap<string, readonly Run[]>
  /** By product. */
  readonly products: ReadonlyMap<string, Product>
  /** By product, then by version: states at the ends of commits. */
  readonly states: ReadonlyMap<string, ReadonlyMap<string, ProductState>>
  /** By order, then by partition. */
  readonly orders: ReadonlyMap<string, ReadonlyMap<number, readonly OrderMoment[]>>
  /** By partition, in order. */
  readonly movements: ReadonlyMap<number, readonly Movement[]>
  /** Units of each batch, by reference. */
  readonly quantities: ReadonlyMap<string, Timeline<number>>
  /** Each line, by `order sku`: its quantity and batch; null if it was removed. */
  readonly lines: ReadonlyMap<string, Timeline<{ quantity: number; batch: string | null } | null>>
  readonly violations: readonly Violation[]
}

export function fold(log: readonly LoggedEvent[]): Model {
  const runs = new Map<string, Run[]>()
  const products = new Map<string, Product>()
  const states = new Map<string, Map<string, ProductState>>()
  const orders = new Map<string, Map<number, OrderMoment[]>>()
  const movements = new Map<number, Movement[]>()
  const quantities = new Map<string, Timeline<number>>()
  const lines = new Map<string, Timeline<{ quantity: number; batch: string | null } | null>>()
  const violations: Violation[] = []
  const lastVersion = new Map<string, number>()
  const available = new Map<string, number>()
  const skuOfBatch = new Map<string, string>()
  /** An order's products in a partition, in the order in which their lines came. */
  const skusOfOrder = new Map<string, Set<string>>()
  let run: LoggedEvent[] = []
  let touched = { skus: new Set<string>(), orders: new Map<string, number>() }

  for (const logged of log) {
    const { data, partition } = logged
    const product = getOrAdd(products, data['sku'], () => newProduct(data['sku'], partition))
    const impossible = take(product, logged)
    if (impossible !== null)
      violations.push(violation('every event can have happened', `${describe(logged)}: ${impossible}`))
    checkReference(logged)
    remember(logged, product)
    run.push(logged)
    touched.skus.add(product.sku)
    if (logged.endsCommand) endCommand(logged)
    if (logged.endsCommit) endCommit(partition)
  }
  return { log, runs, products, states, orders, movements, quantities, lines, violations }

  function checkReference(logged: LoggedEvent): void {
    const { reference, sku } = logged.data
    if (reference === undefined) return
    const owner = getOrAdd(skuOfBatch, reference, () => sku as string)
    if (owner === sku) return
    violations.push(
      violation('a batch reference belongs to one product', `${describe(logged)}: ${owner} has it`),
    )
  }

  function remember(logged: LoggedEvent, { sku, batches, lines: present }: Product): void {
    const { data, position, partition } = logged
    const movement = movementOf(logged, available.get(sku) ?? 0)
    available.set(sku, movement.availableAfter)
    lastVersion.set(sku, position)
    getOrAdd(movements, partition, () => []).push(movement)
    const changed = batches.find(({ reference }) => reference === data['reference'])
    if (changed !== undefined)
      getOrAdd(quantities, changed.reference, () => []).push({ position, value: changed.quantity })
    const { orderId } = data
    if (orderId === undefined) return
    const line = present.get(orderId)
    const value =
      line === undefined ? null : { quantity: line.quantity, batch: line.batch?.reference ?? null }
    getOrAdd(lines, `${orderId} ${sku}`, () => []).push({ position, value })
    const skus = getOrAdd(skusOfOrder, `${orderId} ${partition}`, () => new Set<string>())
    if (line === undefined) skus.delete(sku)
    else skus.add(sku)
    touched.orders.set(orderId, position)
  }

  function endCommand({ commandId, partition, position }: LoggedEvent): void {
    const first = (run[0] as LoggedEvent).position
    getOrAdd(runs, commandId, () => []).push({ commandId, partition, first, last: position, events: run })
    for (const sku of new Set(run.map(({ data }) => data['sku'] as string))) {
      const found = unsound(products.get(sku) as Product)
      if (found !== null)
        violations.push(
          violation(
            found.rule,
            `after command ${commandId} at ${partition}:${first}-${position} ${found.evidence}`,
          ),
        )
    }
    run = []
  }

  function endCommit(partition: number): void {
    for (const sku of touched.skus) {
      const state = productState(products.get(sku) as Product, lastVersion.get(sku) as number)
      getOrAdd(states, sku, () => new Map<string, ProductState>()).set(state.version, state)
    }
    for (const [orderId, position] of touched.orders) {
      const skus = [...(skusOfOrder.get(`${orderId} ${partition}`) ?? [])]
      const present = skus.flatMap((sku) => {
        const line = products.get(sku)?.lines.get(orderId)
        return line === undefined ? [] : [orderLine(sku, line)]
      })
      const ofOrder = getOrAdd(orders, orderId, () => new Map<number, OrderMoment[]>())
      getOrAdd(ofOrder, partition, () => []).push({ position, lines: present })
    }
    touched = { skus: new Set(), orders: new Map() }
  }
}

export const describe = ({ partition, position, type, data, commandId }: LoggedEvent): string =>
  `${partition}:${position} ${type} ${JSON.stringify(data)} by command ${commandId}`

export function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  let value = map.get(key)
  if (value === undefined) map.set(key, (value = make()))
  return value
}

/** What was true at a position. */
export const at = <T>(timeline: Timeline<T> | undefined, position: number): T | undefined =>
  timeline?.findLast((moment) => moment.position <= position)?.value
