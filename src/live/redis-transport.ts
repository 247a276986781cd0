/**
 * Signals between processes over Redis pub/sub: that the log has grown, and what projectors have changed. Hints: Redis may
 * lose them, be down, or come back empty, and nothing but time is lost, for every receiver also looks at the database.
 */
import { Redis } from 'ioredis'
import type { RedisOptions } from 'ioredis'
import { parseLogPosition } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import type { Partition } from '../log/partition.ts'
import type { Change } from '../projector/projector.ts'
import { decodeChange, encodeChange } from './wire.ts'

export interface TransportOptions {
  readonly url: string
  /** Which log the signals are about: several databases may share one Redis. */
  readonly installation: string
  readonly onHead: (partition: Partition, head: LogPosition) => void
  readonly onChange: (change: Change) => void
  /** Signals may have been lost up to now. */
  readonly onReconnect: () => void
  readonly onError: (error: unknown) => void
}

export interface Transport {
  publishHead(partition: Partition, head: LogPosition): void
  publishChange(change: Change): void
  close(): void
}

const connection = {
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  // Spread, so that many processes do not come back at once.
  retryStrategy: (attempt: number) => Math.min(50 * 2 ** attempt, 1000) * (0.5 + Math.random()),
} satisfies RedisOptions

export function connectTransport(options: TransportOptions): Transport {
  const { url, installation, onHead, onChange, onReconnect, onError } = options
  const heads = `onhand:${installation}:heads`
  const changes = `onhand:${installation}:changes`
  const publisher = new Redis(url, connection)
  const subscriber = new Redis(url, { ...connection, autoResubscribe: false })
  publisher.on('error', onError)
  subscriber.on('error', onError)
  subscriber.on('ready', () => {
    subscriber.subscribe(heads, changes).then(onReconnect, onError)
  })
  subscriber.on('message', (channel: string, message: string) => {
    if (channel === changes) return onChange(decodeChange(message))
    const [partition, head] = message.split(' ') as [string, string]
    onHead(Number(partition), parseLogPosition(head))
  })

  function publish(channel: string, message: string): void {
    // While Redis is down nobody listens, and everybody looks at the database.
    if (publisher.status === 'ready') publisher.publish(channel, message).catch(onError)
  }

  return {
    publishHead: (partition, head) => publish(heads, `${partition} ${head}`),
    publishChange: (change) => publish(changes, encodeChange(change)),
    close() {
      publisher.disconnect()
      subscriber.disconnect()
    },
  }
}
