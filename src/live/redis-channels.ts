/**
 * Channels over Redis' sharded pub/sub. A process subscribes once to each open channel.
 *
 * After a lost connection, all open channels are subscribed again. Regular pings detect a Redis that no longer answers: a client
 * that only listens would not notice a dead connection for hours.
 */
import { Cluster } from 'ioredis'
import { deferred } from '../lib/deferred.ts'
import type { Deferred } from '../lib/deferred.ts'
import { withDeadline } from '../lib/deadline.ts'
import type { RedisClient } from '../lib/redis.ts'
import type { Channel, ChannelName, Channels } from './channels.ts'

export interface RedisChannelsOptions {
  /** Part of every channel's name, so that several databases can share a Redis. */
  readonly prefix: string
  /** Called when messages may have been lost until now. */
  readonly onReconnect: () => void
  readonly onError: (error: unknown) => void
}

interface OpenChannel {
  readonly onMessage: (message: string) => void
  readonly joined: Deferred<void>
  subscribed: boolean
}

/** The time limit of `joined`: after it, the caller continues without the channel. */
const JOIN_MS = 250
const CHECK_MS = 1000

export class RedisChannels implements Channels {
  readonly #options: RedisChannelsOptions
  readonly #open = new Map<string, OpenChannel>()
  #subscriber: RedisClient | null = null
  #checking: NodeJS.Timeout | null = null
  #closed = false

  constructor(options: RedisChannelsOptions) {
    this.#options = options
  }

  /** @param subscriber a client that is used only for this, and that `close` disconnects */
  use(subscriber: RedisClient): void {
    if (this.#closed) return subscriber.disconnect()
    this.#subscriber = subscriber
    subscriber.on('smessage', (name: string, message: string) => this.#receive(name, message))
    subscriber.on('ready', () => void this.#subscribeAll())
    // After a master is replaced, a cluster's client subscribes again on its own.
    subscriber.on('subscribersReady', this.#options.onReconnect)
    subscriber.on('close', () => {
      for (const channel of this.#open.values()) channel.subscribed = false
    })
    if (subscriber.status === 'ready') void this.#subscribeAll()
    this.#checking = setInterval(() => this.#check(), CHECK_MS)
  }

  open(name: ChannelName, onMessage: (message: string) => void): Channel {
    const fullName = this.nameOf(name)
    const channel: OpenChannel = { onMessage, joined: deferred(), subscribed: false }
    this.#open.set(fullName, channel)
    void this.#subscribe(fullName, channel)
    return {
      joined: withDeadline(channel.joined.promise, JOIN_MS),
      close: () => {
        if (this.#open.get(fullName) !== channel) return
        this.#open.delete(fullName)
        if (this.#subscriber?.status === 'ready')
          this.#subscriber.sunsubscribe(fullName).catch(this.#options.onError)
      },
    }
  }

  /** The braces make the whole name the hash tag, which distributes the channels over a cluster's masters. */
  nameOf(name: ChannelName): string {
    return `onhand:{${this.#options.prefix}:${name}}`
  }

  close(): void {
    this.#closed = true
    if (this.#checking !== null) clearInterval(this.#checking)
    this.#subscriber?.disconnect()
  }

  #receive(name: string, message: string): void {
    try {
      this.#open.get(name)?.onMessage(message)
    } catch (error) {
      // The message may come from another release. Its content is also in the database.
      this.#options.onError(error)
    }
  }

  async #subscribeAll(): Promise<void> {
    await Promise.all([...this.#open].map(([name, channel]) => this.#subscribe(name, channel)))
    this.#options.onReconnect()
  }

  async #subscribe(name: string, channel: OpenChannel): Promise<void> {
    if (this.#subscriber?.status !== 'ready') return
    try {
      await this.#subscriber.ssubscribe(name)
      channel.subscribed = true
      channel.joined.resolve()
    } catch (error) {
      this.#options.onError(error)
    }
  }

  #check(): void {
    const subscriber = this.#subscriber
    if (subscriber === null || subscriber.status !== 'ready') return
    for (const [name, channel] of this.#open) if (!channel.subscribed) void this.#subscribe(name, channel)
    if (!(subscriber instanceof Cluster)) subscriber.ping().catch(this.#options.onError)
  }
}
