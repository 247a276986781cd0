/** Subscribers, each on its own connection, with unmodified graphql-ws. */
import { createClient } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface Watched {
  readonly query: string
  readonly variables: Record<string, unknown>
}

/**
 * @param onData called with each result of a watcher, as soon as it arrives
 * @returns a function that ends the watchers, once all are connected
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
