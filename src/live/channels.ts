/** The channels on which messages of other processes arrive. */
export interface Channels {
  /** Receives the messages of a channel until it is closed. A channel has one listener at a time. */
  open(name: ChannelName, onMessage: (message: string) => void): Channel
}

export interface Channel {
  /** Resolves when all further messages will arrive; after a time limit, it resolves even though messages may be missing. */
  readonly joined: Promise<void>
  close(): void
}

/** The log's `heads`, the `progress` of a projection, the `rows` of one of its shards, or the `movements` of a partition. */
export type ChannelName = 'heads' | `progress:${string}` | `rows:${string}:${number}` | `movements:${number}`

export const noChannel: Channel = { joined: Promise.resolve(), close() {} }

/** For a process that runs alone, or that reads everything from the database. */
export const noChannels: Channels = { open: () => noChannel }
