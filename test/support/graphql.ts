/** A GraphQL client over real HTTP and real WebSockets. */
import { createClient } from 'graphql-ws'
import type { Client } from 'graphql-ws'
import { WebSocket } from 'ws'

export interface GraphQLError {
  readonly message: string
  readonly path?: readonly (string | number)[]
  readonly extensions: {
    readonly code: string
    readonly retryable: boolean
    readonly [name: string]: unknown
  }
}

export type Data = Record<string, any>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly data: Data | null | undefined
  readonly errors: readonly GraphQLError[] | undefined
}

export interface GraphQLClient {
  /** Returns the complete response. */
  readonly ask: (query: string, variables?: object) => Promise<Answer>
  /** Returns the data. @throws Error if there are errors */
  readonly gql: (query: string, variables?: object) => Promise<Data>
  /** Subscribes, over one connection that all of the client's subscriptions share. */
  readonly subscribe: (query: string, variables?: Record<string, unknown>) => Subscription
  readonly close: () => Promise<void>
}

export interface Subscription {
  /** Returns the data of the next result. @throws the error that ended the subscription */
  readonly next: () => Promise<Data>
  /** The data of all results so far. */
  readonly received: readonly Data[]
  readonly end: () => Promise<void>
}

export function createGraphQLClient(url: string): GraphQLClient {
  const graphqlUrl = `${url}/graphql`
  let socket: Client | null = null

  async function ask(query: string, variables?: object): Promise<Answer> {
    const response = await fetch(graphqlUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables }),
    })
    const body = (await response.json()) as Pick<Answer, 'data' | 'errors'>
    return { status: response.status, headers: response.headers, data: body.data, errors: body.errors }
  }

  return {
    ask,
    async gql(query, variables) {
      const { data, errors } = await ask(query, variables)
      if (errors !== undefined || data == null)
        throw new Error(`${query}\n${JSON.stringify(errors, null, 2)}`)
      return data
    },
    subscribe(query, variables) {
      socket ??= createClient({
        url: graphqlUrl.replace(/^http/, 'ws'),
        webSocketImpl: WebSocket,
        retryAttempts: 0,
      })
      const results = socket.iterate<Data>({ query, variables: variables ?? null })
      const received: Data[] = []
      return {
        received,
        async next() {
          const result = await results.next()
          if (result.done === true) throw new Error(`The subscription has ended: ${query}`)
          const { data, errors } = result.value
          if (errors !== undefined || data == null)
            throw new Error(`${query}\n${JSON.stringify(errors, null, 2)}`)
          received.push(data)
          return data
        },
        end: async () => void (await results.return?.()),
      }
    },
    close: async () => socket?.dispose(),
  }
}
