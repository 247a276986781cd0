/** A server of one contender, which gets what to publish over IPC. It only delivers: rows come from memory. */
import { EventEmitter } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { makeExecutableSchema } from '@graphql-tools/schema'
import { PubSub } from 'graphql-subscriptions'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import type { WebSocket } from 'ws'
import { ClientMemory } from '../../../src/admission/client-memory.ts'
import { Backlogs } from '../../../src/delivery/backlogs.ts'
import { Admission } from '../../../src/admission/admission.ts'
import { LiveGroups } from '../../../src/delivery/groups.ts'
import { point } from '../../support/events.ts'
import { createPrepare } from '../../../src/graphql/subscriptions/operation.ts'
import { textFrameHead } from '../../../src/delivery/text-frame.ts'
import { createLiveSockets } from '../../../src/delivery/websocket.ts'
import type { Epoch } from '../../../src/log/token.ts'
import type { ApiContext } from '../../../src/graphql/context.ts'
import { queryResolvers } from '../../../src/graphql/queries/queries.ts'
import { scalars } from '../../../src/graphql/scalars.ts'
import { createSchema } from '../../../src/graphql/schema.ts'
import { readTypeDefs } from '../../../src/graphql/type-defs.ts'
import { parseSku } from '../../../src/domain/values.ts'
import type { LogPosition, Sku } from '../../../src/domain/values.ts'
import { Hub } from '../../../src/live/hub.ts'
import { LiveStats } from '../../../src/live/stats.ts'
import type { AvailabilityRow } from '../../../src/projection/availability.ts'
import { skuOf } from './contender.ts'
import type { Contender, ServerOrder, ServerReport } from './contender.ts'

interface Delivery {
  readonly publish: (row: AvailabilityRow) => void
  readonly connections: () => number
  readonly reads: () => number
}

const MAX_CONNECTIONS = 15_000
const http = createServer((_, response) => response.writeHead(404).end())
let position = 0n

function rowOf(sku: Sku): AvailabilityRow {
  const available = Number(position % 1000n)
  return {
    sku,
    partition: 0,
    position: position as LogPosition,
    status: 'IN_STOCK',
    onHand: 1000,
    allocated: 1000 - available,
    reserved: 0,
    available,
    incoming: 0,
    batches: [],
    updatedAt: new Date(),
  }
}

const starts: Record<Contender, () => Delivery> = {
  onhand() {
    let reads = 0
    const epoch = 'bench' as Epoch
    const many = async (skus: readonly string[]) => {
      reads += 1
      return skus.map((sku) => rowOf(parseSku(sku)))
    }
    const nothing = { one: async () => [], many: async () => [] }
    const hub = new Hub({
      partitions: 1,
      epoch,
      availability: { one: (sku) => many([sku]), many },
      orders: nothing,
      ledger: { range: async () => [], moved: async () => [] },
      replays: { range: async () => [] },
      onError: fail,
    })
    const live = {
      hub,
      partitions: 1,
      partitionOf: () => 0,
      admit: () => null,
      epoch: () => epoch,
      async *progress() {},
    }
    const memory = new ClientMemory(1000)
    const stats = new LiveStats({ sent: () => {}, confirmed: () => {} })
    const createContext = () => ({ requestId: 'bench' }) as ApiContext
    const groups = new LiveGroups({
      ledger: hub.ledger,
      memory,
      stats,
      lingerMs: 10_000,
      maxIdle: 1000,
      createContext,
      report: fail,
    })
    const sockets = createLiveSockets({
      path: '/graphql',
      allowsOrigin: () => true,
      prepare: createPrepare({ schema: createSchema(), production: true, live, memory }),
      groups,
      stats,
      backlogs: new Backlogs(memory),
      epoch: () => epoch,
      createRequestId: () => 'bench',
      admission: new Admission({
        maxConnections: MAX_CONNECTIONS,
        maxConnectionsPerAddress: MAX_CONNECTIONS,
        clientAddressOf: () => null,
        onAddressFull: () => {},
      }),
      maxSubscriptionsPerConnection: 20,
      pingIntervalMs: 10_000,
      report: fail,
    })
    http.on('upgrade', sockets.upgrade)
    return {
      publish(row) {
        const from = point(row.position - 1n)
        hub.take({ projection: 'availability', partition: 0, from, to: point(row.position), rows: [row] })
      },
      connections: () => sockets.connections,
      reads: () => reads,
    }
  },

  'unmodified graphql-ws'() {
    const pubSub = new PubSub({ eventEmitter: new EventEmitter().setMaxListeners(0) })
    const schema = makeExecutableSchema({
      typeDefs: readTypeDefs(),
      resolvers: {
        ...scalars,
        ...queryResolvers,
        Subscription: {
          availabilityChanged: {
            async *subscribe(_: unknown, { skus }: { skus: Sku[] }) {
              for (const sku of skus) yield rowOf(sku)
              const changes: AsyncIterable<AvailabilityRow> = pubSub.asyncIterableIterator(skus)
              yield* changes
            },
            resolve: (row: AvailabilityRow) => row,
          },
        },
      },
      inheritResolversFromInterfaces: false,
    })
    const sockets = new WebSocketServer({ server: http, path: '/graphql', perMessageDeflate: false })
    useServer({ schema }, sockets)
    return {
      publish: (row) => void pubSub.publish(row.sku, row),
      connections: () => sockets.clients.size,
      reads: () => 0,
    }
  },

  'bare ws.send': () => constant((watcher, message) => watcher.ws.send(message)),

  'socket.write': () => {
    return constant(({ socket }, message) => socket.write(textFrameHead(message.length) + message, 'latin1'))
  },
}

interface Watcher {
  readonly ws: WebSocket
  readonly socket: { write: (text: string, encoding: 'latin1') => boolean }
}

/** The upper limit: the same string for every socket, which clients of the protocol could not use. */
function constant(send: (watcher: Watcher, message: string) => void): Delivery {
  const watchers = new Map<string, Set<Watcher>>()
  const sockets = new WebSocketServer({ server: http, path: '/graphql', perMessageDeflate: false })
  sockets.on('connection', (ws, { socket }) => {
    ws.on('message', (data: Buffer) => {
      const { type, payload } = JSON.parse(data.toString())
      if (type === 'connection_init') ws.send('{"type":"connection_ack"}')
      if (type !== 'subscribe') return
      const watcher = { ws, socket }
      for (const sku of payload.variables.skus as string[]) {
        watchers.set(sku, (watchers.get(sku) ?? new Set()).add(watcher))
        send(watcher, messageOf(rowOf(parseSku(sku))))
      }
    })
  })
  return {
    publish(row) {
      const message = messageOf(row)
      for (const watcher of watchers.get(row.sku) ?? []) send(watcher, message)
    },
    connections: () => sockets.clients.size,
    reads: () => 0,
  }
}

/** As long as the messages of the others. */
function messageOf({
  sku,
  status,
  onHand,
  allocated,
  available,
  incoming,
  updatedAt,
  position: at,
}: AvailabilityRow) {
  const product = { sku, status, onHand, allocated, available, incoming, version: String(at), updatedAt }
  return JSON.stringify({
    id: '00000000-0000-0000-0000-000000000000',
    type: 'next',
    payload: { data: { availabilityChanged: product }, extensions: { cursor: `0:${at}` } },
  })
}

function fail(error: unknown): never {
  throw error
}

const say = (report: ServerReport) => process.send?.(report)

const delivery = starts[process.argv[2] as Contender]()

process.on('message', async (order: ServerOrder) => {
  switch (order.type) {
    case 'publish':
      position += 1n
      delivery.publish(rowOf(parseSku(order.sku)))
      break
    case 'report': {
      if (order.collect) await collect()
      const { user, system } = process.cpuUsage()
      const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage()
      const [connections, reads] = [delivery.connections(), delivery.reads()]
      say({ type: 'report', cpuUs: user + system, rssBytes, heapBytes, connections, reads })
      break
    }
    default:
      order satisfies never
  }
})
process.on('disconnect', () => process.exit())

async function collect(): Promise<void> {
  for (let time = 0; time < 3; time += 1) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

// Warm up, so that the memory of the first connections does not include shared structures.
parseSku(skuOf(0))
http.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  say({ type: 'listening', port: (http.address() as AddressInfo).port })
})
