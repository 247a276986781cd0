/**
 * Signals between processes over Redis pub/sub: that the log has grown, and what projectors have changed. Hints: Redis may
 * lose them, be down, or come back empty, and nothing but time is lost, for every receiver also looks at the database.
 */
import { parseLogPosition } from '../domain/values.ts'
import type { LogPosition } from '../domain/values.ts'
import { connectRedis } from '../lib/redis.ts'
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

export async function connectTransport(options: TransportOptions): Promise<Transport> {
  const { url, installation, onHead, onChange, onReconnect, onError } = options
  const heads = `onhand:${installation}:heads`
  const changes = `onhand:${installation}:changes`
  const publisher = await connectRedis(url, onError)
  const subscriber = await connectRedis(url, onError, { autoResubscribe: false })
  const subscribe = () => void subscriber.subscribe(heads, changes).then(onReconnect, onError)
  subscriber.on('ready', subscribe)
  if (subscriber.status === 'ready') subscribe()
  subscriber.on('message', (channel: string, message: string) => {
    try {
      if (channel === changes) return onChange(decodeChange(message))
      const [partition, head] = message.split(' ') as [string, string]
      onHead(Number(partition), parseLogPosition(head))
    } catch (error) {
      // Another release's message, perhaps. What it told is in the database, too.
      onError(error)
    }
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
