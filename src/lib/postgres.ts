/**
 * Connects Drizzle to Postgres through postgres.js, and makes transactions safe against lost connections.
 *
 * postgres.js reconnects silently: a statement that is sent after a loss, or is queued during one, runs on a new connection,
 * outside of its transaction. The driver's own `begin()` throws an uncaught error if the connection is lost inside of it. So
 * here a client is replaced after its first lost connection, a session's client can connect only once, and a transaction sends
 * nothing after its connection is lost.
 */
import { drizzle } from 'drizzle-orm/postgres-js'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { isFatal, isReadOnly, isUnavailable } from './postgres-error.ts'
import { CONNECT_TIMEOUT_S, PostgresSockets, brokenSocket } from './postgres-socket.ts'
import type { Address } from './postgres-socket.ts'

export type Database = PostgresJsDatabase

export interface ConnectionOptions {
  readonly url: string
  /** Shown in `pg_stat_activity`. */
  readonly applicationName: string
  /** Session settings, for example `{ statement_timeout: '10s' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /**
   * If Postgres sends nothing for this long during a transaction, the connection is closed, because Postgres may be unreachable
   * and its own timeouts with it. There is no limit by default.
   */
  readonly transactionTimeoutMs?: number
  /** If a statement has no answer after this time, all connections are closed. There is no limit by default. */
  readonly answerTimeoutMs?: number
  readonly monitor?: ConnectionMonitor
}

/** Receives whether the server can be used. */
export interface ConnectionMonitor {
  readonly answered: () => void
  /** @param error an error for which `isUnavailable` is true */
  readonly failed: (error: unknown) => void
}

/** A pool of connections for single statements, each its own transaction. */
export interface Pool {
  readonly db: Database
  close(): Promise<void>
}

/** One connection with one user at a time, for transactions of several statements. */
export interface Session extends Pool {
  /**
   * Runs `work` in a transaction. The first statement of `work` is sent together with `BEGIN`.
   *
   * @throws the error of `work`, after a rollback; `CommitUnknown` if COMMIT was not answered
   */
  transaction<T>(work: () => Promise<T>): Promise<T>
}

/** COMMIT was sent but not answered: the transaction may be committed or not. */
export class CommitUnknown extends Error {
  override readonly name = 'CommitUnknown'
}

/** The connection was lost, and its transaction with it. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

export const openPool = (options: ConnectionOptions, max: number): Pool => new Link(options, { max })

export const openSession = (options: ConnectionOptions): Session => new Link(options, { max: 1, once: true })

const CLOSE_TIMEOUT_S = 5

interface Connections {
  readonly max: number
  /** Whether a client connects only once. */
  readonly once?: boolean
}

class Link implements Session {
  readonly db: Database
  readonly #options: ConnectionOptions
  readonly #connections: Connections
  readonly #sockets: PostgresSockets
  #client: postgres.Sql | null = null
  /** The client of the running transaction; null between transactions. */
  #transaction: postgres.Sql | null = null
  /** Closes the connection if Postgres is silent during a transaction. */
  #watchdog: NodeJS.Timeout | undefined
  #closed = false

  constructor(options: ConnectionOptions, connections: Connections) {
    this.#options = options
    this.#connections = connections
    this.#sockets = new PostgresSockets(options.url)
    // Drizzle uses only these members of a client.
    const facade = {
      options: { parsers: {}, serializers: {} },
      unsafe: (...call: Parameters<postgres.Sql['unsafe']>) => this.#send(...call),
      begin: <T>(work: (client: unknown) => Promise<T>) => this.transaction(() => work(facade)),
    }
    this.db = drizzle(facade as unknown as postgres.Sql)
  }

  async transaction<T>(work: () => Promise<T>): Promise<T> {
    if (this.#transaction !== null) throw new Error('This connection is already in a transaction.')
    const client = this.#live()
    this.#transaction = client
    const { transactionTimeoutMs } = this.#options
    if (transactionTimeoutMs !== undefined)
      this.#watchdog = setTimeout(() => this.#discard(client, 0), transactionTimeoutMs)
    let committing = false
    try {
      const begin = this.#send('begin').execute()
      const [, result] = await Promise.all([begin, work()])
      this.#live()
      committing = true
      const { command } = await client.unsafe('commit')
      committing = false
      // If an earlier statement failed, Postgres answers COMMIT with ROLLBACK instead of an error.
      if (command !== 'COMMIT') throw new Error(`The transaction ended with ${command}.`)
      return result
    } catch (error) {
      if (committing && !isStatementError(error)) {
        this.#discard(client)
        throw new CommitUnknown('The connection was lost while committing.', { cause: error })
      }
      await this.#rollback(client)
      // The server is no longer the primary. A new connection may lead to the new primary.
      if (isReadOnly(error)) this.#discard(client)
      throw error
    } finally {
      this.#transaction = null
      clearTimeout(this.#watchdog)
      this.#watchdog = undefined
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#client?.end({ timeout: CLOSE_TIMEOUT_S })
  }

  async #rollback(client: postgres.Sql): Promise<void> {
    if (client !== this.#client) return
    try {
      await client.unsafe('rollback')
    } catch {
      this.#discard(client)
    }
  }

  #live(): postgres.Sql {
    if (this.#transaction !== null && this.#transaction !== this.#client) {
      throw new ConnectionLost('The connection to Postgres was lost in the middle of a transaction.')
    }
    return (this.#client ??= this.#connect())
  }

  #send(...call: Parameters<postgres.Sql['unsafe']>): ReturnType<postgres.Sql['unsafe']> {
    const client = this.#live()
    const sent = client.unsafe(...call)
    const { answerTimeoutMs, monitor } = this.#options
    const watchdog = answerTimeoutMs && setTimeout(() => this.#discard(client, 0), answerTimeoutMs)
    // `then` sends the statement in the next microtask, so the caller can still choose the format of its result.
    sent.then(
      () => {
        if (watchdog) clearTimeout(watchdog)
        monitor?.answered()
      },
      (error: unknown) => {
        if (watchdog) clearTimeout(watchdog)
        if (isFatal(error)) this.#sockets.setRefusal(error)
        if (isUnavailable(error)) monitor?.failed(error)
      },
    )
    return sent
  }

  #connect(): postgres.Sql {
    if (this.#closed) throw new ConnectionLost('The connection to Postgres is closed.')
    const { url, applicationName, settings } = this.#options
    const { max, once = false } = this.#connections
    let opened = false
    let lost = false
    const socket = async (address: Address) => {
      if (once && opened) return brokenSocket(this.#lost())
      opened = true
      const made = await this.#sockets.open(address, (wasReady) => (lost ||= once || wasReady))
      return once ? made.on('data', () => this.#watchdog?.refresh()) : made
    }
    const client: postgres.Sql = postgres(url, {
      max,
      // The driver supports this option, but its types lack it.
      ...{ socket },
      // `PostgresSockets` does TLS and the pauses between attempts.
      ssl: false,
      backoff: () => 0,
      idle_timeout: null as unknown as undefined,
      max_lifetime: null,
      connect_timeout: CONNECT_TIMEOUT_S,
      fetch_types: false,
      onnotice: () => {},
      connection: { application_name: applicationName, ...settings },
      // Drizzle's columns convert the values, so the driver passes text through.
      types: {
        date: { to: 1184, from: [1082, 1083, 1114, 1184], serialize: String, parse: String },
        json: { to: 114, from: [114, 3802], serialize: String, parse: JSON.parse },
      } as unknown as Record<string, postgres.PostgresType>,
      // A failed connection attempt does not affect a pool's other connections.
      onclose: () => lost && this.#discard(client),
    })
    return client
  }

  #lost(): ConnectionLost {
    return new ConnectionLost('The connection to Postgres was lost.', { cause: this.#sockets.failure })
  }

  /** Replaces the client. Its pending statements end or fail within the timeout. */
  #discard(client: postgres.Sql, timeoutS = CLOSE_TIMEOUT_S): void {
    if (this.#client !== client) return
    this.#client = null
    void client.end({ timeout: timeoutS }).catch(() => {})
  }
}

/** Whether Postgres has answered with an error that ends the transaction but not the connection. */
function isStatementError(error: unknown): boolean {
  return error instanceof postgres.PostgresError && error.severity === 'ERROR'
}
