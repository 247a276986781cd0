/** Where messages of other processes come from. */
export interface Channels {
  /** Hears a channel until it is closed. A channel is opened by one listener at a time. */
  open(name: ChannelName, onMessage: (message: string) => void): Channel
}

export interface Channel {
  /** Every message from now on comes; or that has taken too long, and messages may be missing. */
  readonly joined: Promise<void>
  close(): void
}

/** `heads`, `progress` of a projection, `rows` of one of its shards, or `movements` of a partition. */
export type ChannelName = 'heads' | `progress:${string}` | `rows:${string}:${number}` | `movements:${number}`

export const noChannel: Channel = { joined: Promise.resolve(), close() {} }

/** For a process that is alone, or that finds everything out from the database. */
export const noChannels: Channels = { open: () => noChannel }
