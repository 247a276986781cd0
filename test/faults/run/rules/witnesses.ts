/** Compares what clients saw with the log. */
import { isDeepStrictEqual } from 'node:util'
import type { OrderState, ProductState, Seen, Witness } from '../history.ts'
import type { Model, OrderMoment } from '../model/fold.ts'
import { violation } from '../violation.ts'
import type { Violation } from '../violation.ts'
import type { Rule } from './evidence.ts'

const NEVER_WAS = 'no client sees a state that never existed'
const RISES = 'versions only rise'
const LAST = "every watcher's last state is true"

export const productStatesWere: Rule = ({ history, model }) => [
  ...history.witnesses.flatMap(({ name, products }) =>
    products.flatMap(({ at, value }) => unheardOf(name, value, at, model)),
  ),
  ...history.reads.flatMap(({ at, state }) => unheardOf('a query', state, at, model)),
]

function unheardOf(who: string, state: ProductState, at: number, model: Model): Violation[] {
  const true_ = model.states.get(state.sku)?.get(state.version)
  if (true_ !== undefined && isDeepStrictEqual(plain(state), plain(true_))) return []
  const says =
    true_ === undefined
      ? `no commit ended with ${state.sku} at version ${state.version}`
      : `the log says ${JSON.stringify(true_)}`
  return [violation(NEVER_WAS, `${who} saw ${JSON.stringify(state)}; ${says}`, at)]
}

export const versionsOnlyRise: Rule = ({ history }) =>
  history.witnesses.flatMap(({ name, products }) => {
    const last = new Map<string, Seen<ProductState>>()
    return products.flatMap((seen) => {
      const before = last.get(seen.value.sku)
      last.set(seen.value.sku, seen)
      if (before === undefined || Number(before.value.version) <= Number(seen.value.version)) return []
      return [
        violation(
          RISES,
          `${name} saw ${seen.value.sku} at version ${before.value.version} (${before.at} s), then ${seen.value.version} (${seen.at} s)`,
          seen.at,
        ),
      ]
    })
  })

export const lastProductsAreTrue: Rule = ({ history, model }) =>
  history.witnesses.flatMap((witness) =>
    witness.watchedSkus.flatMap((sku) => {
      const truth = [...(model.states.get(sku)?.values() ?? [])].at(-1)
      const last = lastOf(witness.products, sku, (value) => value.sku)
      if (isDeepStrictEqual(plain(last?.value), plain(truth))) return []
      return [
        violation(
          LAST,
          `${witness.name} was last shown ${JSON.stringify(last)}; the log says ${JSON.stringify(truth)}`,
        ),
      ]
    }),
  )

/**
 * An order has no version, so its states are matched with the log from the start: each state, in each partition, with the first
 * point after the last match at which the order had this state.
 */
export const orderStatesWere: Rule = ({ history, model }) =>
  history.witnesses.flatMap((witness) =>
    witness.watchedOrders.flatMap((orderId) => {
      const seen = witness.orders.filter(({ value }) => value.id === orderId)
      const partitions = [...(model.orders.get(orderId) ?? [])]
      return partitions.flatMap(([partition, moments]) =>
        matchOrder(
          witness,
          orderId,
          seen,
          moments,
          (sku) => model.products.get(sku)?.partition === partition,
        ),
      )
    }),
  )

function matchOrder(
  { name }: Witness,
  orderId: string,
  seen: readonly Seen<OrderState>[],
  moments: readonly OrderMoment[],
  isHere: (sku: string) => boolean,
): Violation[] {
  const wereOnce = ['[]', ...moments.map(({ lines }) => JSON.stringify(lines))]
  const shown = seen.map(({ at, value }) => ({
    at,
    lines: JSON.stringify(value.lines.filter(({ sku }) => isHere(sku))),
  }))
  let reached = 0
  for (const { at, lines } of shown) {
    const matched = wereOnce.indexOf(lines, reached)
    if (matched === -1) {
      const rule = wereOnce.includes(lines) ? 'no order goes back' : NEVER_WAS
      return [violation(rule, `${name} saw order ${orderId} with ${lines}`, at)]
    }
    reached = matched
  }
  const last = shown.at(-1)
  const truth = wereOnce.at(-1)
  if ((last?.lines ?? '[]') === truth) return []
  return [
    violation(
      LAST,
      `${name} was shown order ${orderId} last with ${last?.lines}; the log says ${truth}`,
      last?.at,
    ),
  ]
}

export const nobodyIsTurnedAway: Rule = ({ history }) =>
  history.witnesses.flatMap(({ name, errors }) =>
    errors.map(({ at, value }) => violation('no watcher is rejected for good', `${name}: ${value}`, at)),
  )

const lastOf = <T>(seen: readonly Seen<T>[], key: string, keyOf: (value: T) => string) =>
  seen.findLast(({ value }) => keyOf(value) === key)

/** Results of graphql-js have no prototype. */
const plain = <T>(value: T): T => (value === undefined ? value : (JSON.parse(JSON.stringify(value)) as T))
