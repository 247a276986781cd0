/**
 * Publishes hints to other processes over Redis: that the log has grown, the positions of projectors, and the rows they changed.
 * Redis may lose hints, be down, or come back empty. That only costs time, because every receiver also polls the database.
 *
 * All channels are sharded, so that each master of a cluster carries a part of the traffic. The receivers are:
 *   `heads`                     every process
 *   `progress:<projection>`     every process: a few bytes per step
 *   `rows:<projection>:<shard>` the processes that watch a key of the shard
 *   `movements:<partition>`     the processes that follow the ledger
 */
import { groupBy } from '../lib/group-by.ts'
import type { RedisClient, RedisLink } from '../lib/redis.ts'
import type { Commit } from '../log/tail.ts'
import type { Epoch } from '../log/token.ts'
import { projections } from '../projection/all.ts'
import { availability } from '../projection/availability.ts'
import { movements } from '../projection/movements.ts'
import { orders } from '../projection/orders.ts'
import { keyOfRow } from '../projector/rows.ts'
import type { Change } from '../projector/projector.ts'
import type { ChannelName, Channels } from './channels.ts'
import { RedisChannels } from './redis-channels.ts'
import { shardOf, shardSet } from './shards.ts'
import { decodeGrown, decodeProgress, encodeGrown, encodeProgress, encodeRows } from './wire.ts'
import type { Grown, Progressed } from './wire.ts'

export interface TransportOptions {
  readonly redis: RedisLink
  /** Identifies the log, because several databases may share one Redis. */
  readonly installation: string
  /** The current epoch of this process. */
  readonly epoch: () => Epoch
  readonly onHead: (grown: Grown) => void
  readonly onProgress: (progressed: Progressed) => void
  /** Called when signals may have been lost until now. */
  readonly onReconnect: () => void
  readonly onError: (error: unknown) => void
}

export interface Transport {
  readonly channels: Channels
  publishHead(commit: Omit<Commit, 'events'>): void
  publishChange(change: Change): void
  close(): void
}

/** How many characters may be sent to Redis before it answers. Further hints are dropped. */
const MAX_UNANSWERED = 16 * 1024 * 1024

/** For a step with more rows, only the progress is published, and watchers read their rows. */
const MAX_PUBLISHED_ROWS = 5000

/** The projections whose rows are watched by key. */
const watched = new Map([availability, orders].map((projection) => [projection.name, projection]))

export function createTransport(options: TransportOptions): Transport {
  const { redis, installation, epoch, onHead, onProgress, onReconnect, onError } = options
  const channels = new RedisChannels({ prefix: installation, onReconnect, onError })
  let publisher: RedisClient | null = null
  let unanswered = 0

  /** Drops messages of another epoch, which belong to another history. Rows need no epoch: they wait for their announcement. */
  function receive<Message extends Grown>(message: Message, take: (message: Message) => void): void {
    if (message.epoch === epoch()) take(message)
  }

  channels.open('heads', (message) => receive(decodeGrown(message), onHead))
  for (const { name } of projections) {
    channels.open(`progress:${name}`, (message) => receive(decodeProgress(name, message), onProgress))
  }
  redis.onFound((client) => {
    publisher = client
    channels.use(redis.connect())
  })

  /** While Redis is down, there are no receivers: all processes poll the database. */
  const canPublish = () => publisher?.status === 'ready' && unanswered < MAX_UNANSWERED

  function publish(name: ChannelName, message: string): void {
    unanswered += message.length
    ;(publisher as RedisClient)
      .spublish(channels.nameOf(name), message)
      .catch(onError)
      .finally(() => (unanswered -= message.length))
  }

  return {
    channels,
    publishHead({ partition, from, head }) {
      if (canPublish()) publish('heads', encodeGrown({ epoch: epoch(), partition, from, to: head }))
    },
    publishChange(change) {
      if (!canPublish()) return
      const { projection: name, partition, rows } = change
      const step = { partition, from: change.from, to: change.to }
      const projection = watched.get(name)
      const byShard = projection && groupBy(rows, (row) => shardOf(keyOfRow(projection, row)))
      if (rows.length <= MAX_PUBLISHED_ROWS) {
        for (const [shard, changed] of byShard ?? [])
          publish(`rows:${name}:${shard}`, encodeRows(name, step, changed))
        if (name === movements.name) publish(`movements:${partition}`, encodeRows(name, step, rows))
      }
      const shards = shardSet(byShard?.keys() ?? [])
      publish(`progress:${name}`, encodeProgress({ projection: name, epoch: epoch(), ...step, shards }))
    },
    close: () => channels.close(),
  }
}
