/**
 * `onhand/client`: the graphql-ws client, extended for pages that stay open for days. After any loss of the connection it resumes
 * where it was, so that `stockMoved` has no gaps and no repetitions. It does not show a state again, or one that is older than the
 * last. It reports whether what is shown is up to date. If the server's log was replaced, it reports that and starts again. It works
 * in browsers and in Node.
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
  /** `ws://127.0.0.1:4000/graphql`; `http:` and `https:` are replaced by `ws:` and `wss:`. */
  readonly url: string
  /** Needed where there is no global WebSocket, as in Node 20: pass the class that `ws` exports. */
  readonly webSocketImpl?: unknown
  /** Sent with each connection; a function is called each time. */
  readonly connectionParams?: ClientOptions['connectionParams']
  /** How long the server may be silent until the state is `stale` and the client connects again. Default: 15 000. */
  readonly staleAfterMs?: number
}

/**
 * A subscription: text, or a typed document from a code generator (`TypedDocumentNode`).
 */
export type LiveDocument<Data, Variables> = string | TypedDocument<Data, Variables>

type TypedDocument<Data, Variables> = (DocumentNode | { toString(): string }) & {
  __apiType?: (variables: Variables) => Data
}

export interface Watcher<Data> {
  /** Gets the present state, then each newer one; or each movement. */
  next(data: Data): void
  /** Called when the subscription has ended because the server rejected it or the client. A lost connection is not an error. */
  error?(error: OnhandClientError): void
  /** Called with the state of the connection, at once and then at each change. At `restarted`, discard what is shown. */
  state?(status: ConnectionStatus): void
}

export interface OnhandClient {
  readonly status: ConnectionStatus
  /**
   * Watches a subscription. Select `sku` or `id`, by which results are told apart; without either, the present state comes again
   * after each reconnect. `stockMoved` continues after its last result or its argument `after`; without either, it starts with the
   * next movement.
   *
   * @returns a function that ends it
   */
  watch<Data = Record<string, unknown>, Variables = Record<string, unknown>>(
    document: LiveDocument<Data, Variables>,
    variables: NoInfer<Variables>,
    watcher: Watcher<NoInfer<Data>>,
  ): () => void
  /**
   * Does the same for `for await`. A loop that is too far behind unsubscribes, and subscribes again when it has caught up: it misses
   * no movements, and gets the latest states.
   *
   * @throws OnhandClientError where `error` of a watcher would be called, and with the code `LOG_REPLACED` where its `state` would
   *   be `restarted`; start a new loop then
   */
  iterate<Data = Record<string, unknown>, Variables = Record<string, unknown>>(
    document: LiveDocument<Data, Variables>,
    variables: NoInfer<Variables>,
  ): AsyncGenerator<Data, void, void>
  /** Ends all subscriptions, and with them the connection. */
  close(): void
}

/** How long the connection stays open after the last subscription has ended. */
const LINGER_MS = 1000
const MIN_RETRY_MS = 500
const MAX_RETRY_MS = 10_000

/** Creates a client that is connected while something is watched. */
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
        // Check the epoch before the state becomes `live`.
        const epoch = acknowledged?.['epoch']
        if (typeof epoch === 'string') for (const checkEpoch of [...epochChecks]) checkEpoch(epoch)
        liveness.connected()
      },
      message: () => liveness.heard(),
      closed: () => liveness.lost(),
    },
  })
  const ends = new Set<() => void>()
  /** Called with the epoch of each new connection. */
  const epochChecks = new Set<(epoch: string) => void>()

  function follow<Data>(bookmark: Bookmark, listener: Listener<Data>): () => void {
    const ignore = liveness.follow((status) => listener.state?.(status))
    const end = (error: OnhandClientError | null = null): void => {
      if (!ends.delete(end)) return
      epochChecks.delete(checkEpoch)
      ignore()
      leave()
      listener.ended(error)
    }
    const restart = (): void => {
      bookmark.restart()
      if (listener.restarted === undefined)
        end(new OnhandClientError('The log was replaced. Start again.', LOG_REPLACED))
      else listener.restarted()
    }
    const checkEpoch = (epoch: string): void => {
      if (!bookmark.isOf(epoch)) restart()
    }
    const subscribe = (): (() => void) =>
      connection.subscribe<Data, { cursor?: string }>(bookmark.payload, {
        next({ data, errors, extensions }) {
          if (extensions?.cursor !== undefined) checkEpoch(epochOf(extensions.cursor))
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
    epochChecks.add(checkEpoch)
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

/** An error that a watcher throws must not end the connection that others share, so it is thrown outside of it. */
function call(watcher: () => void): void {
  try {
    watcher()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}

/** Random pauses keep clients that lost their server at the same time from reconnecting at the same time. */
function backOff(retries: number): Promise<void> {
  const ms = Math.min(MIN_RETRY_MS * 2 ** retries, MAX_RETRY_MS) * (0.5 + Math.random() / 2)
  return new Promise((resolve) => {
    setTimeout(resolve, ms)
  })
}
