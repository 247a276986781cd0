/** Subscribers, each on a connection of its own, with the stock client. */
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface Watched {
  readonly query: string
  readonly variables: Record<string, unknown>
}

/**
 * @param onData what a watcher has received, as soon as it has
 * @returns once all are connected: what ends it
 */
export async function watch<Data>(
  url: string,
  subscriptions: readonly Watched[],
  onData: (data: Data, watcher: number) => void,
): Promise<() => Promise<void>> {
  const clients = subscriptions.map(() =>
    createClient({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, lazy: true, retryAttempts: 0 }),
  )
  await Promise.all(
    clients.map(
      (client, at) =>
        new Promise<void>((resolve, reject) => {
          client.on('connected', () => resolve())
          client.subscribe<Data>(subscriptions[at] as Watched, {
            next: ({ data, errors }) => {
              if (errors !== undefined || data == null) reject(new Error(JSON.stringify(errors)))
              else onData(data, at)
            },
            error: reject,
            complete: () => {},
          })
        }),
    ),
  )
  return async () => {
    for (const client of clients) await client.dispose()
  }
}
