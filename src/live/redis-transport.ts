/**
 * What processes tell each other over Redis: that the log has grown, how far projectors have come, and the rows they changed.
 * Hints: Redis may lose them, be down, or come back empty, and nothing but time is lost, for every receiver also looks at the
 * database.
 *
 * Channels, all of them sharded, so that a cluster's masters each carry a part:
 *   `heads`                     every process
 *   `progress:<projection>`     every process: a few bytes a step
 *   `rows:<projection>:<shard>` those that watch a key of the shard
 *   `movements:<partition>`     those that follow the ledger
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
  /** Which log the signals are about: several databases may share one Redis. */
  readonly installation: string
  /** The present one of this process. */
  readonly epoch: () => Epoch
  readonly onHead: (grown: Grown) => void
  readonly onProgress: (progressed: Progressed) => void
  /** Signals may have been lost up to now. */
  readonly onReconnect: () => void
  readonly onError: (error: unknown) => void
}

export interface Transport {
  readonly channels: Channels
  publishHead(commit: Omit<Commit, 'events'>): void
  publishChange(change: Change): void
  close(): void
}

/** What a Redis that does not answer is sent, and no more, in characters. */
const MAX_UNANSWERED = 16 * 1024 * 1024

/** Of a step with more rows only its progress is published: whoever watches some of them reads those. */
const MAX_PUBLISHED_ROWS = 5000

/** The projections whose rows are watched by key. */
const watched = new Map([availability, orders].map((projection) => [projection.name, projection]))

export function createTransport(options: TransportOptions): Transport {
  const { redis, installation, epoch, onHead, onProgress, onReconnect, onError } = options
  const channels = new RedisChannels({ prefix: installation, onReconnect, onError })
  let publisher: RedisClient | null = null
  let unanswered = 0

  /** Messages of another epoch are about another history. The rows need no epoch: they count once their step is announced. */
  function hear<Message extends Grown>(message: Message, take: (message: Message) => void): void {
    if (message.epoch === epoch()) take(message)
  }

  channels.open('heads', (message) => hear(decodeGrown(message), onHead))
  for (const { name } of projections) {
    channels.open(`progress:${name}`, (message) => hear(decodeProgress(name, message), onProgress))
  }
  redis.onFound((client) => {
    publisher = client
    channels.use(redis.connect())
  })

  /** While Redis is down nobody listens, and everybody looks at the database. */
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
