/**
 * `onhand/client`: the stock graphql-ws client, and what a page that stays open for days wants beyond it.
 * After any loss of the connection it goes on where it left off, so that `stockMoved` leaves nothing out and
 * repeats nothing; a state that was seen already, or is older than one seen, is not shown again; and it knows
 * how true what it shows still is. If the server's log was replaced, it says so and starts anew. Works in browsers and Node.
 */
import { print } from 'graphql'
import type { DocumentNode } from 'graphql'
import { createClient } from 'graphql-ws/client'
import type { ClientOptions } from 'graphql-ws/client'
import { Bookmark, epochOf } from './bookmark.ts'
import { LOG_REPLACED, OnhandClientError, asClientError, isRefusal } from './errors.ts'
import { iterate } from './iterate.ts'
import type { Listener } from './iterate.ts'
import { Liveness } from './liveness.ts'
import type { ConnectionStatus } from './liveness.ts'
import { withQuietErrors } from './quiet-errors.ts'

export { OnhandClientError }
export type { ConnectionStatus }

export interface OnhandClientOptions {
  /** `ws://127.0.0.1:4000/graphql`; `http:` and `https:` are taken for `ws:` and `wss:`. */
  readonly url: string
  /** Where there is no global WebSocket, as in Node 20: the class that `ws` exports. */
  readonly webSocketImpl?: unknown
  /** Sent with each connection; asked for anew each time if it is a function. */
  readonly connectionParams?: ClientOptions['connectionParams']
  /** Silence of the server after which all is stale, and the connection is made anew. Default: 15 000. */
  readonly staleAfterMs?: number
}

/**
 * A subscription: text, or a document that knows its types, as code generators make them
 * (`TypedDocumentNode`).
 */
export type LiveDocument<Data, Variables> = string | TypedDocument<Data, Variables>

type TypedDocument<Data, Variables> = (DocumentNode | { toString(): string }) & {
  __apiType?: (variables: Variables) => Data
}

export interface Watcher<Data> {
  /** The present state, then each newer one; or each movement. */
  next(data: Data): void
  /** It has ended: the server refused it, or this client. A connection that is lost is not an error. */
  error?(error: OnhandClientError): void
  /** How the connection is: at once, then whenever that changes. At `restarted`, drop what was shown. */
  state?(status: ConnectionStatus): void
}

export interface OnhandClient {
  readonly status: ConnectionStatus
  /**
   * Results that select `sku` or `id` are told apart by it; without either, the present state comes again
   * after each reconnect. `stockMoved` goes on after its last result or its argument `after`; while it has
   * neither, it begins at what comes next.
   *
   * @returns a function that ends it
   */
  watch<Data = Record<string, unknown>, Variables = Record<string, unknown>>(
    document: LiveDocument<Data, Variables>,
    variables: NoInfer<Variables>,
    watcher: Watcher<NoInfer<Data>>,
  ): () => void
  /**
   * The same for `for await`. A loop that is far behind leaves, and joins again when it has caught up: of
   * movements it misses none, of states it gets the latest.
   *
   * @throws OnhandClientError where a watcher would be told of it; with the code `LOG_REPLACED` where it would be told
   *   `restarted`: another loop starts anew
   */
  iterate<Data = Record<string, unknown>, Variables = Record<string, unknown>>(
    document: LiveDocument<Data, Variables>,
    variables: NoInfer<Variables>,
  ): AsyncGenerator<Data, void, void>
  /** Ends all that is watched, and with it the connection. */
  close(): void
}

/** Between the end of the last thing watched and that of the connection. */
const LINGER_MS = 1000
const MIN_RETRY_MS = 500
const MAX_RETRY_MS = 10_000

/** Connects when something is watched, and stays connected while something is. */
export function createOnhandClient(options: OnhandClientOptions): OnhandClient {
  const { url, webSocketImpl, connectionParams, staleAfterMs = 15_000 } = options
  const liveness = new Liveness(staleAfterMs, () => connection.terminate())
  const connection = createClient({
    url: url.replace(/^http/, 'ws'),
    ...(webSocketImpl !== undefined && { webSocketImpl: withQuietErrors(webSocketImpl) }),
    ...(connectionParams !== undefined && { connectionParams }),
    keepAlive: staleAfterMs / 3,
    lazyCloseTimeout: LINGER_MS,
    retryAttempts: Infinity,
    retryWait: backOff,
    shouldRetry: (problem) => !isRefusal(problem),
    on: {
      connected(_, acknowledged) {
        // Before anybody takes for live what was shown.
        const epoch = acknowledged?.['epoch']
        if (typeof epoch === 'string') for (const meet of [...epochs]) meet(epoch)
        liveness.connected()
      },
      message: () => liveness.heard(),
      closed: () => liveness.lost(),
    },
  })
  const ends = new Set<() => void>()
  /** Those who follow something are told of the epoch that they connect to. */
  const epochs = new Set<(epoch: string) => void>()

  function follow<Data>(bookmark: Bookmark, listener: Listener<Data>): () => void {
    const ignore = liveness.follow((status) => listener.state?.(status))
    const end = (error: OnhandClientError | null = null): void => {
      if (!ends.delete(end)) return
      epochs.delete(meet)
      ignore()
      leave()
      listener.ended(error)
    }
    const restart = (): void => {
      bookmark.restart()
      if (listener.restarted === undefined)
        end(new OnhandClientError('The log was replaced: start anew.', LOG_REPLACED))
      else listener.restarted()
    }
    const meet = (epoch: string): void => {
      if (!bookmark.isOf(epoch)) restart()
    }
    const subscribe = (): (() => void) =>
      connection.subscribe<Data, { cursor?: string }>(bookmark.payload, {
        next({ data, errors, extensions }) {
          if (extensions?.cursor !== undefined) meet(epochOf(extensions.cursor))
          if (!ends.has(end)) return
          if (errors !== undefined || data == null) end(asClientError(errors))
          else if (bookmark.move(data, extensions?.cursor)) listener.next(data)
        },
        error(problem) {
          const error = asClientError(problem)
          if (error.code !== LOG_REPLACED) return end(error)
          restart()
          if (ends.has(end)) leave = subscribe()
        },
        complete: end,
      })
    ends.add(end)
    epochs.add(meet)
    let leave = subscribe()
    return () => end()
  }

  return {
    get status() {
      return liveness.status
    },
    watch: (document, variables, watcher) =>
      follow(bookmarkOf(document, variables), {
        next: (data) => call(() => watcher.next(data as never)),
        state: (status) => call(() => watcher.state?.(status)),
        restarted() {
          call(() => watcher.state?.({ state: 'restarted', since: new Date() }))
          if (liveness.status.state === 'live') call(() => watcher.state?.(liveness.status))
        },
        ended: (error) => error !== null && call(() => watcher.error?.(error)),
      }),
    iterate: (document, variables) => iterate(follow, bookmarkOf(document, variables), ends),
    close() {
      for (const end of ends) end()
    },
  }
}

function bookmarkOf(document: LiveDocument<unknown, never>, variables: unknown): Bookmark {
  const isParsed = typeof document === 'object' && 'kind' in document
  return new Bookmark(isParsed ? print(document) : String(document), variables as Record<string, unknown>)
}

/** What a watcher throws is its own affair, and must not end the connection that others share. */
function call(watcher: () => void): void {
  try {
    watcher()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** Clients that lost their server together do not come back together. */
function backOff(retries: number): Promise<void> {
  const ms = Math.min(MIN_RETRY_MS * 2 ** retries, MAX_RETRY_MS) * (0.5 + Math.random() / 2)
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
