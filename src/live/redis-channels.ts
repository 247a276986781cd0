/**
 * Channels over Redis' sharded pub/sub. Each is subscribed once a process, for as long as it is open.
 *
 * After a connection was lost, all that is open is subscribed again. A Redis that does not answer is found out by asking it
 * now and then, for whoever only listens would listen to a dead connection for hours.
 */
import { Cluster } from 'ioredis'
import { deferred } from '../lib/deferred.ts'
import type { Deferred } from '../lib/deferred.ts'
import { withDeadline } from '../lib/deadline.ts'
import type { RedisClient } from '../lib/redis.ts'
import type { Channel, ChannelName, Channels } from './channels.ts'

export interface RedisChannelsOptions {
  /** In every channel's name, so that several databases can share a Redis. */
  readonly prefix: string
  /** Messages may have been lost up to now. */
  readonly onReconnect: () => void
  readonly onError: (error: unknown) => void
}

interface OpenChannel {
  readonly onMessage: (message: string) => void
  readonly joined: Deferred<void>
  subscribed: boolean
}

/** Whoever opens a channel goes on without it when Redis takes longer. */
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

  /** @param subscriber a client that does nothing else, and is disconnected at the end */
  use(subscriber: RedisClient): void {
    if (this.#closed) return subscriber.disconnect()
    this.#subscriber = subscriber
    subscriber.on('smessage', (name: string, message: string) => this.#receive(name, message))
    subscriber.on('ready', () => void this.#subscribeAll())
    // A cluster's client subscribes again by itself where a master is replaced.
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

  /** The braces deal a cluster's channels to its masters, each by its own name. */
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
      // Another release's message, perhaps. What it told is in the database, too.
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
