/** A real Redis Cluster of three masters, each with a replica. */
import { Redis } from 'ioredis'
import { freePort, startRedis } from './redis-server.ts'
import type { RedisServer } from './redis-server.ts'
import { until } from './until.ts'

export interface RedisCluster {
  /** The URL of one node. */
  readonly url: string
  readonly masters: readonly RedisServer[]
  /** Sends a command to every master, and returns their answers. */
  readonly ask: (...command: [string, ...string[]]) => Promise<unknown[]>
  readonly stop: () => Promise<void>
}

const SLOTS = 16_384
const MASTERS = 3
const NODE_TIMEOUT_MS = 1000

export async function startRedisCluster(): Promise<RedisCluster> {
  const masters = await startNodes()
  const replicas = await startNodes()
  const nodes = [...masters, ...replicas]
  const clients = nodes.map(({ url }) => new Redis(url))
  for (const client of clients) client.on('error', () => {})
  const [first] = masters as [Node]
  for (const [at, client] of clients.entries()) {
    await client.call('CLUSTER', 'MEET', '127.0.0.1', String(first.port), String(first.bus))
    if (at >= MASTERS) continue
    const [from, to] = [at, at + 1].map((share) => Math.floor((share * SLOTS) / MASTERS)) as [number, number]
    await client.call('CLUSTER', 'ADDSLOTSRANGE', String(from), String(to - 1))
  }
  const isConnected = async (client: Redis, count: number) =>
    ((await client.call('CLUSTER', 'NODES')) as string)
      .split('\n')
      .filter((line) => line.includes('connected')).length >= count
  for (const client of clients) await until(() => isConnected(client, nodes.length))
  for (const [at, client] of clients.slice(MASTERS).entries()) {
    const id = (await (clients[at] as Redis).call('CLUSTER', 'MYID')) as string
    await client.call('CLUSTER', 'REPLICATE', id)
  }
  const isReady = async (client: Redis) =>
    ((await client.call('CLUSTER', 'INFO')) as string).includes('cluster_state:ok')
  for (const client of clients) await until(() => isReady(client))
  for (const client of clients.slice(MASTERS))
    await until(async () => (await client.info('replication')).includes('master_link_status:up'))

  return {
    url: first.url,
    masters,
    ask: (...command) => Promise.all(clients.slice(0, MASTERS).map((client) => client.call(...command))),
    async stop() {
      for (const client of clients) client.disconnect()
      await Promise.all(nodes.map((node) => node.stop()))
    },
  }
}

interface Node extends RedisServer {
  /** The port on which it talks to the other nodes. */
  readonly bus: number
}

async function startNodes(): Promise<Node[]> {
  return Promise.all(
    Array.from({ length: MASTERS }, async () => {
      const bus = await freePort()
      const settings = {
        'cluster-enabled': 'yes',
        'cluster-port': String(bus),
        'cluster-node-timeout': String(NODE_TIMEOUT_MS),
        'cluster-config-file': 'nodes.conf',
        'cluster-replica-validity-factor': '0',
        'repl-diskless-sync-delay': '0',
      }
      const options = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
      const server = await startRedis(undefined, ...options)
      return { ...server, bus }
    }),
  )
}
