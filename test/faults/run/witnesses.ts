/** Clients that watch products, orders and the ledger, and record everything they receive. Some use unmodified graphql-ws, some `onhand/client`. */
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'
import { createOnhandClient } from '../../../src/client/index.ts'
import { HOT_SKUS, SHARED_ORDERS, SKUS } from './catalogue.ts'
import { PRODUCT_FIELDS } from './client.ts'
import type { Endpoint } from './client.ts'
import type { PickServer } from './callers.ts'
import type { History, Witness } from './history.ts'
import type { Random } from './random.ts'

const PRODUCTS = `subscription ($skus: [ID!]!) { availabilityChanged(skus: $skus) { ${PRODUCT_FIELDS} } }`
const ORDER = `subscription ($id: ID!) { allocationChanged(orderId: $id) {
  id lines { sku quantity status batchReference eta } } }`
const LEDGER = `subscription ($after: String) { stockMoved(after: $after) {
  position sku type quantity batchReference orderId reason reference availableBefore availableAfter recordedAt } }`

export interface Witnesses {
  readonly end: () => Promise<void>
}

interface Told {
  readonly data: Record<string, any>
  readonly extensions?: { readonly cursor?: string } | undefined
}

/** @param beginning a token from before the first movement */
export function startWitnesses(
  random: Random,
  pickServer: PickServer,
  servers: readonly Endpoint[],
  beginning: string,
  history: History,
): Witnesses {
  const ends: (() => Promise<void> | void)[] = []
  for (const sku of [...HOT_SKUS, ...HOT_SKUS, 'wide']) watchUnmodified({ skus: [sku] })
  watchUnmodified({ skus: SKUS, ledger: true })
  watchUnmodified({ skus: SKUS, orders: SHARED_ORDERS })
  watchUnmodified({ ledger: true })
  for (const server of servers) watchWithOnhandClient(server)
  return {
    async end() {
      for (const end of ends) await end()
    },
  }

  function watchUnmodified({ skus = [], orders = [], ledger = false }: Watched): void {
    const witness = createWitness(`graphql-ws ${history.witnesses.length + 1}`, { skus, orders, ledger })
    const routes = random.fork(witness.name)
    const client = createClient({
      url: () => `${pickServer(routes).url.replace(/^http/, 'ws')}/graphql`,
      webSocketImpl: WebSocket,
      retryAttempts: Infinity,
      retryWait: () => new Promise((resolve) => setTimeout(resolve, routes.int(50, 250))),
      shouldRetry: () => true,
      // A server may be suspended for longer than the client would wait.
      connectionAckWaitTimeout: 2000,
    })
    ends.push(() => client.dispose())
    const watch = (query: string, variables: Record<string, unknown>) => {
      const payload = { query, variables, extensions: {} as { after?: string } }
      client.subscribe<any, any>(payload, {
        next(told) {
          // After a disconnection, this client resumes at the server's last cursor.
          const cursor = (told.extensions as Told['extensions'])?.cursor
          if (cursor !== undefined) payload.extensions.after = cursor
          take(witness, told as Told)
        },
        error: (error) => fail(witness, error),
        complete: () => {},
      })
    }
    if (skus.length > 0) watch(PRODUCTS, { skus })
    for (const id of orders) watch(ORDER, { id })
    if (ledger) watch(LEDGER, { after: beginning })
  }

  /** Uses one server, and reconnects to it whenever it is back. */
  function watchWithOnhandClient({ name, url }: Endpoint): void {
    const witness = createWitness(`onhand/client at ${name}`, {
      skus: SKUS,
      orders: SHARED_ORDERS,
      ledger: true,
    })
    const client = createOnhandClient({ url: `${url}/graphql`, webSocketImpl: WebSocket, staleAfterMs: 6000 })
    ends.push(() => client.close())
    const watch = (query: string, variables: Record<string, unknown>) =>
      client.watch(query, variables, {
        next: (data) => take(witness, { data }),
        error: (error) => fail(witness, error),
      })
    watch(PRODUCTS, { skus: SKUS })
    for (const id of SHARED_ORDERS) watch(ORDER, { id })
    watch(LEDGER, { after: beginning })
  }

  function createWitness(name: string, { skus, orders, ledger }: Required<Watched>): Witness {
    const witness: Witness = {
      name,
      products: [],
      orders: [],
      movements: [],
      watchedSkus: skus,
      watchedOrders: orders,
      followsLedger: ledger,
      errors: [],
    }
    history.witnesses.push(witness)
    return witness
  }

  function take(witness: Witness, { data }: Told): void {
    const at = history.now()
    if (data == null) return fail(witness, 'a result without data')
    const { availabilityChanged, allocationChanged, stockMoved } = data
    if (availabilityChanged != null) witness.products.push({ at, value: availabilityChanged })
    if (allocationChanged != null) witness.orders.push({ at, value: allocationChanged })
    if (stockMoved != null) witness.movements.push({ at, value: stockMoved })
  }

  function fail(witness: Witness, error: unknown): void {
    const text = error instanceof Error ? error.message : JSON.stringify(error)
    witness.errors.push({ at: history.now(), value: text })
  }
}

interface Watched {
  readonly skus?: readonly string[]
  readonly orders?: readonly string[]
  readonly ledger?: boolean
}
